#!/usr/bin/env node
'use strict'

console.log(require('./index.js').main(require('node:fs').readFileSync(0, 'utf8')))
