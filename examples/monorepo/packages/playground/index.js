'use strict'

console.log(require('acme-cli').main('one\ntwo'))
