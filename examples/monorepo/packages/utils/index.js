'use strict'

const { parse } = require('acme-core')

exports.count = (text) => parse(text).length
