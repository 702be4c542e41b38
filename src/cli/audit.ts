/** `whatsapp-mcp-api audit`: the calls that the running server noted. */
import type { z } from 'zod'
import type { AuditEntry } from '../model/audit.ts'
import { DEFAULT_ACCOUNT } from '../model/ids.ts'
import { openApi, type Server } from './client.ts'
import { EXIT } from './exit-codes.ts'
import { localSecond } from './local-time.ts'
import { jsonLines, printable } from './terminal.ts'

type Entry = z.infer<typeof AuditEntry>
type List = { entries: Entry[]; next_cursor: string | null }
/** The filters of the log. The command has other flags too, such as `--url`. */
const FILTERS = ['caller', 'operation', 'account', 'chat', 'decision', 'outcome', 'since', 'until'] as const
type Flags = Record<(typeof FILTERS)[number], string> & { json: boolean; limit: number }

/** Prints the newest calls that fit, a line each, the newest first. Resolves with the exit code. */
export async function showAudit(server: Server, { json, limit, ...flags }: Flags): Promise<number> {
  const query = new URLSearchParams({ limit: String(limit) })
  for (const name of FILTERS) if (flags[name] !== '') query.set(name, flags[name])
  const api = openApi(server)
  if (flags.account === '' && api.account !== DEFAULT_ACCOUNT) query.set('account', api.account)
  const list = await api.get<List>(`/api/audit?${query}`)
  const text = list.entries.length === 0 ? 'No call fits.\n' : list.entries.map(lineOf).join('')
  process.stdout.write(json ? jsonLines(list) : text)
  return EXIT.ok
}

function lineOf({ at, caller, face, client, operation, account, chat, decision, outcome }: Entry): string {
  const end = decision === 'allowed' ? outcome : `${decision}${outcome === 'ok' ? '' : `, ${outcome}`}`
  const facts = [
    operation,
    chat === null ? null : `in ${chat}`,
    end,
    `by ${caller} over ${face}${client === null ? '' : ` (${client})`}`,
    account === null || account === 'default' ? null : `account ${account}`,
  ]
  return `${localSecond(at)}  ${printable(facts.filter((fact) => fact !== null).join(', '))}\n`
}
