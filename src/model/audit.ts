/** The audit log: who did what, when, and how it ended. */
import { z } from 'zod'

/** `held`: the message waits for the owner's approval. `denied`: the caller may not do this. */
export const DECISIONS = ['allowed', 'held', 'denied'] as const
export type Decision = (typeof DECISIONS)[number]

/** The outcome of a call without an error. */
export const DONE = 'ok'

export const AuditEntry = z.object({
  at: z.string().describe('When the call began, ISO 8601.'),
  caller: z
    .string()
    .describe(
      'Id of the key; `owner` without a key, `settings` for the key of the settings, `rule:…` for a rule of the rules file.',
    ),
  face: z.enum(['rest', 'mcp', 'page', 'rule']),
  client: z
    .string()
    .nullable()
    .describe('Name of the client: its User-Agent, or its name over MCP. Any program can give any name.'),
  operation: z.string(),
  account: z.string().nullable().describe('Null for what belongs to the server.'),
  chat: z
    .string()
    .nullable()
    .describe(
      'Id of the chat that the call names; null if it names none. A call that names several chats has an entry for each.',
    ),
  decision: z
    .enum(DECISIONS)
    .describe('`held`: the message waits for approval. `denied`: the caller may not do this.'),
  outcome: z.string().describe('`ok`, or the code of the error.'),
})
