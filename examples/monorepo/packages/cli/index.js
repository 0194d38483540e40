'use strict'

exports.main = (text) => require('acme-utils').count(text)
