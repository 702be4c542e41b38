/** The size of the tool definitions that a client reads first. */
import { encode } from 'gpt-tokenizer/encoding/o200k_base'
import { systemClock } from '../src/clock.ts'
import { toAuthInfo } from '../src/faces/mcp/callers.ts'
import { createConnections } from '../src/faces/mcp/connection.ts'
import { createLog } from '../src/log.ts'
import { DEFAULT_ACCOUNT } from '../src/model/ids.ts'
import { TOOLSET_NAMES, type Toolset } from '../src/model/toolsets.ts'
import { OWNER } from '../src/operations/call.ts'
import { createDoor } from '../src/operations/door.ts'
import { OPERATIONS } from '../src/operations/index.ts'
import type { Operation } from '../src/operations/operation.ts'

/** Nothing is called. */
const door = createDoor({
  accounts: Object.create(null),
  keys: Object.create(null),
  webhooks: Object.create(null),
  rules: { file: () => ({ isOn: false, file: '', readAtMs: null, problem: null }), list: async () => [] },
  uploads: Object.create(null),
  control: Object.create(null),
  mcpSends: 'open',
  hideChats: [],
  audit: Object.create(null),
  pace: { take() {} },
  ownIds: { create: () => '' },
  mediaLinks: Object.create(null),
  clock: systemClock,
  mcpUrl: () => '',
  onAdmit() {},
})

/** Returns what a connection offers with these settings. */
export function offerOf(operations: readonly Operation[], limit: Toolset[] | null, hasSession = true) {
  const connect = createConnections({
    operations,
    limit,
    door,
    account: DEFAULT_ACCOUNT,
    mcpUrl: () => 'http://127.0.0.1:8790/mcp',
    log: createLog({ level: 'silent' }),
  })
  const authInfo = toAuthInfo(OWNER)
  return connect(hasSession ? { authInfo, session: 'streams' } : { authInfo }).offer()
}

/** Returns the tokens (o200k_base) of the tools of `core`, and of those of all toolsets. */
export function toolTokens(): { core: number; all: number } {
  const tokensOf = (limit: Toolset[] | null) =>
    encode(JSON.stringify({ tools: offerOf(OPERATIONS, limit).tools.definitions })).length
  return { core: tokensOf(null), all: tokensOf(TOOLSET_NAMES) }
}
