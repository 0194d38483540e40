'use strict'

exports.parse = (text) => text.split('\n').map((line) => line.trim())
exports.print = (lines) => lines.join('\n')
