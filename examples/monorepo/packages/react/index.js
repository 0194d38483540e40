'use strict'

const { parse } = require('acme-core')

exports.Document = ({ text }) => parse(text)
