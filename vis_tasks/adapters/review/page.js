'use strict'
const parts = [...document.querySelectorAll('summary')]
document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const at = parts.indexOf(document.activeElement)
  if (event.key === 'j' && parts.length) parts[Math.min(at + 1, parts.length - 1)].focus()
  if (event.key === 'k' && parts.length) parts[Math.max(at - 1, 0)].focus()
  if (event.key === 'o' && at >= 0) parts[at].parentElement.open = !parts[at].parentElement.open
  if (event.key === 'a') {
    const open = parts.some(part => !part.parentElement.open)
    for (const part of parts) part.parentElement.open = open
  }
})
