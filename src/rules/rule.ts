/** A rule: the events that it takes, and what it does with each. */
import { z } from 'zod'
import { EVENT_KINDS } from '../model/events.ts'
import { type AccountId, accountIdInput, DEFAULT_ACCOUNT, type Jid } from '../model/ids.ts'
import { parseSelector } from '../model/keeping.ts'
import type { POLICIES } from '../model/policy.ts'
import type { WebhookFilter } from '../model/webhook.ts'
import { readSecret, SECRET_PREFIX } from '../webhooks/signature.ts'
import { fieldsIn, TEMPLATE_FIELDS } from './template.ts'

/** What a rule does. */
export type Action =
  | { does: 'run'; command: readonly [program: string, ...args: string[]]; timeoutMs: number }
  /** `secret`: Base64, without its prefix. */
  | { does: 'webhook'; url: string; secret: string }
  /** `everyMs`: after a reply, the rule does not reply in this chat for so long. */
  | { does: 'reply'; text: string; quotes: boolean; policy: ReplyPolicy; everyMs: number }
export type ReplyPolicy = Exclude<(typeof POLICIES)[number], 'only' | 'off'>

export type Rule = { name: string; account: AccountId; filter: WebhookFilter; action: Action }

/** The most rules of a file. */
export const MOST_RULES = 50
const ACTIONS = ['run', 'webhook', 'reply'] as const
/** The fields that belong to one action. */
const OF_ACTION = {
  run: ['timeout_s'],
  webhook: ['secret'],
  reply: ['quote', 'sends', 'every_s'],
} as const satisfies Record<(typeof ACTIONS)[number], readonly string[]>
const REPLY_POLICIES = ['open', 'known', 'confirm'] as const

/** YAML reads a phone number as a number. */
const chat = z.union([z.string(), z.number()]).transform((given, context): Jid => {
  const selector = parseSelector(String(given).trim())
  if (selector !== null && 'jid' in selector) return selector.jid
  context.addIssue('must be a chat id (…@g.us) or a phone number with country code')
  return z.NEVER
})
/** A single value is a list of one. */
const listOf = <Item extends z.ZodType>(item: Item) =>
  z.preprocess(
    (value) => (value === undefined ? value : [value].flat()),
    z.array(item, 'is required').min(1, 'must not be empty').max(50),
  )
const url = z.string().transform((text, context) => {
  const parsed = URL.canParse(text) ? new URL(text) : null
  const isPlain = parsed !== null && parsed.username === '' && parsed.password === ''
  if (isPlain && /^https?:$/.test(parsed.protocol)) return parsed.href
  context.addIssue('must be an http or https URL without a user name and a password')
  return z.NEVER
})
const secret = z.string().transform((text, context) => {
  const base64 = readSecret(text)
  if (base64 !== null) return base64
  context.addIssue(`must be "${SECRET_PREFIX}" and the Base64 of 24 to 64 bytes`)
  return z.NEVER
})
const template = z
  .string()
  .max(10_000)
  .refine((text) => text.trim() !== '', 'must not be empty')
  .superRefine((text, context) => {
    const unknown = fieldsIn(text).find((name) => !Object.hasOwn(TEMPLATE_FIELDS, name))
    if (unknown !== undefined)
      context.addIssue(`{{${unknown}}} is unknown: use ${Object.keys(TEMPLATE_FIELDS).join(', ')}`)
  })
const word = z
  .string()
  .min(1)
  .max(4_096)
  .refine((text) => !text.includes('\0'), 'must not have a NUL character')
const seconds = (most: number) => z.int().min(1).max(most)

const fields = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, 'must be up to 32 of a-z, 0-9, "-" and "_"'),
  account: accountIdInput.default(DEFAULT_ACCOUNT),
  kinds: listOf(z.enum(EVENT_KINDS)),
  chats: listOf(chat).optional(),
  from_me: z.boolean().optional(),
  mentions_me: z.boolean().default(false),
  run: z.tuple([word], word, 'must be a list: the program, then its arguments').optional(),
  timeout_s: seconds(600).optional(),
  webhook: url.optional(),
  secret: secret.optional(),
  reply: template.optional(),
  quote: z.boolean().optional(),
  sends: z.enum(REPLY_POLICIES).optional(),
  every_s: seconds(7 * 86_400).optional(),
})

const rule = fields.transform((given, context): Rule => {
  const wrong = (path: string, message: string) => {
    context.addIssue({ code: 'custom', path: [path], message })
    return z.NEVER
  }
  const [does, ...others] = ACTIONS.filter((one) => given[one] !== undefined)
  if (does === undefined || others.length > 0)
    return wrong(others[0] ?? 'name', `a rule has exactly one of ${ACTIONS.join(', ')}`)
  const strange = ACTIONS.filter((one) => one !== does)
    .flatMap((one) => OF_ACTION[one])
    .find((one) => given[one] !== undefined)
  if (strange !== undefined) return wrong(strange, `does not belong to a rule with ${does}`)
  if (does === 'webhook' && given.secret === undefined)
    return wrong('webhook', 'needs a secret, which signs each request')
  if (does === 'reply' && given.kinds.some((kind) => kind !== 'message.received'))
    return wrong('kinds', 'must be message.received: a rule replies to messages of other people only')
  return {
    name: given.name,
    account: given.account,
    filter: {
      kinds: given.kinds,
      chats: given.chats ?? null,
      fromMe: given.from_me ?? null,
      mentionsMe: given.mentions_me,
    },
    action: toAction(given, does),
  }
})

function toAction(given: z.output<typeof fields>, does: Action['does']): Action {
  const { run: command = [''], webhook = '', secret: key = '', reply = '' } = given
  if (does === 'run') return { does, command, timeoutMs: (given.timeout_s ?? 30) * 1_000 }
  if (does === 'webhook') return { does, url: webhook, secret: key }
  const { quote = false, sends = 'known', every_s = 300 } = given
  return { does, text: reply, quotes: quote, policy: sends, everyMs: every_s * 1_000 }
}

/** The whole file. Parses to its rules. */
export const RulesFile = z
  .strictObject({ rules: z.array(rule, 'must be a list of rules').max(MOST_RULES) })
  .transform(({ rules }, context) => {
    const names = rules.map(({ name }) => name)
    const again = names.findIndex((name, at) => names.indexOf(name) < at)
    if (again === -1) return rules
    context.addIssue({
      code: 'custom',
      path: ['rules', again, 'name'],
      message: 'is the name of another rule',
    })
    return z.NEVER
  })

/** Id of the rule: that of its position, its failing deliveries and its sends. */
export const idOf = ({ name, account }: Pick<Rule, 'name' | 'account'>): string => `rule:${account}/${name}`
