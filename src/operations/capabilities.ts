/** The operation that tells which operations work on the present build of WhatsApp Web. */
import { z } from 'zod'
import { ABILITIES, type Ability } from '../model/ability.ts'
import { serverText } from '../model/fields.ts'
import { accountIdInput } from '../model/ids.ts'
import { toIsoMs } from '../model/times.ts'
import type { AbilitiesView } from '../session/abilities.ts'
import { ACCOUNT_ERRORS } from './accounts.ts'
import { defineOperation, type Row } from './operation.ts'

const Capability = z.object({
  operation: z.string(),
  state: z
    .enum(['works', 'broken', 'unknown'])
    .describe(
      'works: nothing that it needs is missing; `why` says what it does without. broken: it, or a part of it, does not work; `why` says what. unknown: the build is new, or was not checked yet.',
    ),
  why: serverText(z.string().nullable()),
  since_at: z.string().nullable().describe('When this was found, ISO 8601 UTC.'),
})

/** Defines the row. `rows` returns the table that it describes. */
export const defineCapabilities = (rows: () => readonly Row[]) =>
  defineOperation({
    name: 'get_capabilities',
    title: 'What works',
    tag: 'link',
    description:
      'Returns for each operation whether it works on the present build of WhatsApp Web. The server checks the page after each start, and remembers calls that failed in it. Never opens a browser.',
    effect: 'read',
    scope: 'read',
    toolset: 'core',
    tool: null,
    needs: 'nothing',
    routes: ['GET /api/capabilities'],
    isGlobal: true,
    isForEach: true,
    input: z.strictObject({
      account: accountIdInput.optional().describe('The account whose page was checked. Default: "default".'),
    }),
    output: z.object({
      ok: z.literal(true),
      whatsapp_web_version: z.string().nullable().describe('The build that was checked.'),
      is_known_build: z
        .boolean()
        .nullable()
        .describe('False if the build is newer than those that this version was made for.'),
      checked_at: z.string().nullable(),
      missing: z.array(z.string()).describe('Modules and exports that this build does not have.'),
      count: z.int(),
      operations: z.array(Capability),
    }),
    errors: [...ACCOUNT_ERRORS],
    example: { input: {} },
    run({ account }, { abilities, account: own }) {
      const view = abilities(account ?? own)
      const { check, checkedAt } = view
      const operations = rows().map((row) => toCapability(row, view))
      return {
        ok: true as const,
        whatsapp_web_version: check?.build ?? null,
        is_known_build: check?.isKnown ?? null,
        checked_at: toIsoMs(checkedAt),
        missing: [...new Set(Object.values(check?.missing ?? {}).flat())].sort(),
        count: operations.length,
        operations,
      }
    },
  })

/** Returns the state of the worst ability that the row uses; if all work, with what it lacks of those that it prefers. */
function toCapability(
  { name, uses = [], prefers = [] }: Row,
  { abilities }: AbilitiesView,
): z.input<typeof Capability> {
  const statesOf = (names: readonly Ability[]) => names.map((ability) => ({ ability, ...abilities[ability] }))
  const states = statesOf(uses)
  const worst =
    states.find(({ state }) => state === 'broken') ?? states.find(({ state }) => state === 'unknown')
  const lacking = statesOf(prefers).find(({ state }) => state === 'broken')
  const told = worst ?? (lacking && { ...lacking, state: 'works' as const })
  if (told === undefined) return { operation: name, state: 'works', why: null, since_at: null }
  const { ability, state, why, since } = told
  return { operation: name, state, why: `${ABILITIES[ability]}: ${why}.`, since_at: toIsoMs(since) }
}
