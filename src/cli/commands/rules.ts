/** The commands about the rules file. */
import { defineCommand } from '../command.ts'
import { defineOperationCommand } from '../operation-command.ts'
import { ownConfig } from '../own-config.ts'
import { json } from './flags.ts'

export const rulesList = defineOperationCommand({
  operation: 'list_rules',
  shows: 'rules',
  name: 'rules list',
  summary: 'List the rules that are at work, and what is wrong with the rules file',
  about: 'Shows what each rule does, and whether it fails.',
  operands: [],
  flags: {},
  examples: [['rules list', 'Shows a block for each rule']],
})

export const rulesCheck = defineCommand({
  name: 'rules check',
  summary: 'Check a rules file, without a server',
  about:
    'Default: rules.yaml in .whatsapp-mcp-api of the session directory. Prints each rule, or the line and the reason of the first\nerror. Runs nothing.',
  operands: ['[FILE]'],
  settings: ['WHATSAPP_AUTH_DIR'],
  flags: { json },
  examples: [
    ['rules check', 'Checks the file that the server uses'],
    ['rules check new-rules.yaml', 'Checks another file'],
  ],
  exits: [],
  run: async ({ settings, flags, operands: [file] }) =>
    (await import('../rules.ts')).checkRules(ownConfig(settings), file, flags),
})
