/** The table of commands, in the order of the documentation. A command imports its code only when it runs. */
import type { Command } from './command.ts'
import { auth, logout, send, status } from './commands/account.ts'
import {
  accountsAdd,
  accountsChange,
  accountsList,
  accountsRemove,
  accountsRestart,
  accountsStop,
} from './commands/accounts.ts'
import {
  archiveChangeKey,
  archiveDecrypt,
  archiveEncrypt,
  archiveExport,
  archiveImport,
  archiveStats,
  archiveVerify,
} from './commands/archive.ts'
import { audit } from './commands/audit.ts'
import { backup, restore } from './commands/backup.ts'
import { keysChange, keysCreate, keysList, keysRevoke, keysRotate } from './commands/keys.ts'
import { mcpConfig, stdio } from './commands/mcp.ts'
import {
  outboxApprove,
  outboxCancel,
  outboxEdit,
  outboxHistory,
  outboxList,
  outboxReject,
} from './commands/outbox.ts'
import { call, chats, messages, search, watch } from './commands/reading.ts'
import { rulesCheck, rulesList } from './commands/rules.ts'
import { completion, doctor, sandbox, serve, stop } from './commands/serving.ts'
import {
  webhooksChange,
  webhooksCreate,
  webhooksDelete,
  webhooksDeliveries,
  webhooksList,
  webhooksPause,
  webhooksReplay,
  webhooksResume,
  webhooksRetry,
  webhooksRotate,
  webhooksTest,
} from './commands/webhooks.ts'

/** Every command. The first is the default. */
export const COMMANDS: readonly Command[] = [
  serve,
  sandbox,
  stdio,
  mcpConfig,
  status,
  auth,
  send,
  chats,
  messages,
  search,
  watch,
  call,
  logout,
  stop,
  doctor,
  backup,
  restore,
  outboxList,
  outboxHistory,
  outboxApprove,
  outboxReject,
  outboxCancel,
  outboxEdit,
  accountsList,
  accountsAdd,
  accountsChange,
  accountsStop,
  accountsRestart,
  accountsRemove,
  keysList,
  keysCreate,
  keysChange,
  keysRotate,
  keysRevoke,
  audit,
  webhooksList,
  webhooksCreate,
  webhooksChange,
  webhooksPause,
  webhooksResume,
  webhooksRotate,
  webhooksTest,
  webhooksDeliveries,
  webhooksRetry,
  webhooksReplay,
  webhooksDelete,
  rulesList,
  rulesCheck,
  archiveStats,
  archiveExport,
  archiveImport,
  archiveVerify,
  archiveEncrypt,
  archiveChangeKey,
  archiveDecrypt,
  completion,
]

/** Returns the words of a command's name: one, or two as in `archive encrypt`. */
export function wordsOf({ name }: Command): string[] {
  return name.split(' ')
}

/** Returns the command that these arguments begin with, if any. */
export function commandOf(argv: readonly string[]): Command | undefined {
  return COMMANDS.find((command) => wordsOf(command).every((word, index) => argv[index] === word))
}
