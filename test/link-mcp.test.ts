/** The examples of all tools over MCP, on each family of builds: the phone and the event log have their effect, as over REST. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { builds } from '../simulator/builds.ts'
import { PRINTS_TEXT } from '../src/cli/sandbox.ts'
import { toolName } from '../src/faces/mcp/words.ts'
import { OPERATIONS } from '../src/operations/index.ts'
import { type Harness, openHarness } from './harness.ts'
import { type BuildState, EXAMPLES, overMcp, runExample } from './link/examples.ts'
import { addBusiness } from './link/proofs.ts'

const TOOLS = OPERATIONS.filter(
  (one) => EXAMPLES.some(({ name }) => name === one.name) && toolName(one) !== null,
)

let harness: Harness
afterEach(() => harness.close())

it.each(builds.map(({ name }) => name))(
  'does on build %s what it does over REST',
  async (build) => {
    harness = await openHarness({
      build,
      examples: true,
      env: { WHATSAPP_TEXT_COMMAND: PRINTS_TEXT, WHATSAPP_MCP_TOOLSETS: 'all' },
    })
    await addBusiness(harness.world)
    await harness.link()
    await harness.synced()
    const answer = overMcp(await harness.mcp('current'))
    const found: Record<string, BuildState> = {}
    for (const row of TOOLS) found[row.name] = await runExample(row, harness, answer)
    // What test/link.test.ts wrote: after a new row, it runs first.
    const overRest = JSON.parse(
      readFileSync(join(import.meta.dirname, `snapshots/builds/${build}.json`), 'utf8'),
    )
    expect(found).toEqual(Object.fromEntries(TOOLS.map(({ name }) => [name, overRest[name]])))
  },
  240_000,
)
