'use strict'

module.exports = ['acme', 'rocket', 'anvil']
