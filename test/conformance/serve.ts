/**
 * The fixtures behind the product's own guard, mount and router, on a free port of the loopback: a program for the check
 * of the MCP face, which reads the address from its output and ends it.
 */
import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { systemClock } from '../../src/clock.ts'
import { ERRORS, toAppError } from '../../src/errors.ts'
import { identifyCallers } from '../../src/faces/http/calls.ts'
import { checkCaller } from '../../src/faces/http/guard.ts'
import { mountMcp } from '../../src/faces/mcp/mount.ts'
import { createRouter } from '../../src/faces/mcp/router.ts'
import { createLog } from '../../src/log.ts'
import { OWNER } from '../../src/operations/call.ts'
import { createFixtures } from './fixtures.ts'

const http = Fastify({ forceCloseConnections: true })
http.addHook('onRequest', async ({ raw }) => void checkCaller(raw, { allowedHosts: [], corsOrigins: [] }))
identifyCallers(http, () => OWNER)
http.setErrorHandler((thrown, _request, reply) => {
  const error = toAppError(thrown)
  return reply.status(ERRORS[error.code].status).send({ code: error.code })
})
const clock = systemClock
const sessionKey = randomBytes(32).toString('hex')
mountMcp(http, {
  load: async () =>
    createRouter({
      factory: createFixtures(),
      sessionKey,
      gate: { isResource: () => true, admit() {} },
      clock,
    }),
  clock,
  log: createLog({ level: 'warn' }),
})
await http.listen({ host: '127.0.0.1', port: 0 })
const { port } = http.server.address() as AddressInfo
process.stdout.write(`http://127.0.0.1:${port}/mcp\n`)
