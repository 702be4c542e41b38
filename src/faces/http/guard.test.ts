/** Host names that the guard accepts. test/guard.test.ts has the whole server. */
import type { IncomingMessage } from 'node:http'
import { expect, it } from 'vitest'
import { readConfig } from '../../config.ts'
import { checkCaller } from './guard.ts'

const { allowedHosts } = readConfig({
  env: { WHATSAPP_MCP_ALLOWED_HOSTS: 'fd00:0::0005', WHATSAPP_MCP_REQUIRE_KEY: 'true' },
  root: '/',
})
const check = (host: string) => {
  const request = { headers: { host }, rawHeaders: ['Host', host] } as unknown as IncomingMessage
  return checkCaller(request, { allowedHosts, corsOrigins: [] })
}

it.each(['[fd00::5]', '[FD00:0:0::5]:8790', '[0:0:0:0:0:0:0:1]:8790', '[::1]'])(
  'accepts %s, however the address is written',
  (host) => expect(check(host)).toBe(null),
)

it.each(['[fd00::6]', '[fd00::5', 'fd00::5', '[fd00:::5]', '[::ffff:192.0.2.1]'])('refuses %s', (host) => {
  expect(() => check(host)).toThrow(expect.objectContaining({ code: 'forbidden_host' }))
})
