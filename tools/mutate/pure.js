/** Modules without effects, each with its unit tests beside it. Paths from the root of the checkout. */
export const PURE = [
  'src/session/machine.ts',
  'src/session/reconnect.ts',
  'src/session/next-step.ts',
  'src/model/fold.ts',
  'src/store/tokens.ts',
  'src/store/search-query.ts',
  'src/store/snippet.ts',
  'src/store/position.ts',
  'src/faces/http/accept.ts',
  'src/faces/mcp/session-ids.ts',
  'src/faces/mcp/uris.ts',
  'src/loopback.ts',
  'src/json.ts',
]
