/** The package: packed, installed far from this checkout without anything of development, and run from there. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { installInto, NpmError, packInto } from '../scripts/pack.ts'
import type { WorldMessage, WorldState } from '../simulator/simulator.ts'
import type { Status } from '../src/model/status.ts'
import { call, endPrograms, type Program, run, type Sandbox, stop, temp, until } from './program.ts'

const INSTALL_MS = 180_000

let folder: string
let home: string
/** Where people type the command: empty, and it stays so. */
let elsewhere: string
let offline = false

beforeAll(async () => {
  const base = temp()
  ;[folder, home, elsewhere] = ['installed', 'home', 'elsewhere'].map((name) => join(base, name)) as [
    string,
    string,
    string,
  ]
  for (const dir of [folder, home, elsewhere]) mkdirSync(dir)
  try {
    await installInto(folder, await packInto(base))
  } catch (error) {
    if (!(error instanceof NpmError && error.offline)) throw error
    offline = true
  }
}, INSTALL_MS)
afterAll(endPrograms)

const own = () => join(folder, 'node_modules', 'whatsapp-mcp-api')

/** The command as npm links it: by its first line and its mode, not by naming Node. */
function command(args: string[], env: Record<string, string> = {}): Program {
  const options = { cwd: elsewhere, env: { XDG_DATA_HOME: home, ...env } }
  return run(args, options, join(folder, 'node_modules', '.bin', 'whatsapp-mcp-api'))
}

async function address(program: Program, pattern: RegExp): Promise<string> {
  const find = () => pattern.exec(program.out)?.[1]
  await expect.poll(find, { timeout: 60_000, message: program.err }).toBeTruthy()
  return find() ?? ''
}

it('brings the browser library that whatsapp-web.js asks for, without a browser', (context) => {
  context.skip(offline, 'no package registry')
  const require = createRequire(join(own(), 'package.json'))
  const { name, version } = require('puppeteer/package.json')
  expect([name, version]).toEqual(['puppeteer-core', '24.38.0'])
  const library = createRequire(require.resolve('whatsapp-web.js/package.json'))
  expect(library.resolve('puppeteer/package.json')).toBe(require.resolve('puppeteer/package.json'))
})

it('holds what runs, its pages and their licences, and nothing else', (context) => {
  context.skip(offline, 'no package registry')
  const files = readdirSync(own(), { recursive: true, encoding: 'utf8' }).map((file) =>
    file.replaceAll('\\', '/'),
  )
  expect(files).toEqual(
    expect.arrayContaining([
      'README.md',
      'LICENSE',
      'docs/rest.md',
      'dist/docs/LICENSE',
      'dist/licenses/fastify.txt',
      'dist/phone/phone.html',
    ]),
  )
  expect(
    files.filter((file) => /^(src|simulator|test|scripts|node_modules)\b|\.map$|\.build\.json$/.test(file)),
  ).toEqual([])
  const { dependencies } = JSON.parse(readFileSync(join(own(), 'package.json'), 'utf8'))
  const { packages } = JSON.parse(readFileSync(join(folder, 'node_modules/.package-lock.json'), 'utf8'))
  expect(Object.keys(packages)).toEqual(
    expect.arrayContaining(Object.keys(dependencies).map((name) => `node_modules/${name}`)),
  )
  for (const name of ['esbuild', 'selfsigned', 'swagger-ui-dist', 'tsx'])
    expect(packages, name).not.toHaveProperty(`node_modules/${name}`)
})

it('runs the sandbox from an empty folder: links, sends, shows its pages', async (context) => {
  context.skip(offline, 'no package registry')
  const program = command(['sandbox', '--port', '0', '--phone-port', '0', '--pace', 'none'])
  const url = await address(program, /(http:\/\/[\w.:[\]]+)\/api\/status/)
  const phone = await address(program, /phone\s+(http:\/\/[\w.:[\]]+)/)
  const dir = join(home, 'whatsapp-mcp-api', '.sandbox')
  const sandbox: Sandbox = Object.assign(program, { dir, url, phone })

  await call(`${url}/api/auth/start`, {})
  // On a slow computer the start returns before its first result.
  await until(sandbox, 'qr')
  await call(`${phone}/control/scan`, {})
  await until(sandbox, 'ready')
  const { contacts } = await call<WorldState>(`${phone}/control/state`)
  const sent = await call(`${url}/api/send`, {
    phone_number: contacts[0]?.phone,
    message: 'from the package',
  })
  expect(sent).toMatchObject({ ok: true })
  const messages = await call<WorldMessage[]>(`${phone}/control/messages`)
  expect(messages.filter(({ body }) => body === 'from the package')).toHaveLength(1)
  for (const page of [
    `${phone}/`,
    `${phone}/phone.js`,
    `${url}/qr`,
    `${url}/docs`,
    `${url}/docs/swagger-ui-bundle.js`,
  ])
    expect((await fetch(page)).status, page).toBe(200)

  expect(await stop(program)).toBe(0)
  expect(existsSync(join(dir, 'session-default'))).toBe(true)
})

it("keeps a real session with the user's data, not in a folder that the next install deletes", async (context) => {
  context.skip(offline, 'no package registry')
  const before = readdirSync(own())
  const program = command(['serve'], { WHATSAPP_MCP_PORT: '0' })
  const url = await address(program, /(http:\/\/[\w.:[\]]+)\/api\/status/)
  const { auth_dir } = await call<Status>(`${url}/api/status`)
  expect(auth_dir).toBe(join(home, 'whatsapp-mcp-api', '.wwebjs_auth'))
  expect(await stop(program)).toBe(0)
  expect(readdirSync(own())).toEqual(before)
  expect(readdirSync(elsewhere)).toEqual([])
})
