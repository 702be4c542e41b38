// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what an app fills in
/** The .mcpb bundle and server.json as they are published: made, validated, unpacked, and run as an app would run them. */
import { existsSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { bundle } from '../scripts/bundle.ts'
import { createServerJson, ServerJson } from '../scripts/bundle-server-json.ts'
import { SetupError } from '../scripts/setup/progress.mjs'
import { runNode } from '../scripts/setup/run.mjs'
import { inValidators } from '../scripts/setup/validators.mjs'
import { endPrograms, openSandbox, temp } from './program.ts'

const INSTALL_MS = 180_000
const about = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

let made: { mcpb: string; serverJson: string } | null = null
let content = ''
let missing = ''

beforeAll(async () => {
  const folder = temp()
  content = join(folder, 'unpacked')
  await mkdir(content)
  try {
    made = await bundle(folder)
  } catch (error) {
    if (!(error instanceof SetupError) || !/installed/.test(error.message)) throw error
    missing = error.message
    return
  }
  const tool = inValidators('@anthropic-ai/mcpb/dist/cli/cli.js')
  const { code, output } = await runNode([tool, 'unpack', made.mcpb, content], { capture: true })
  expect([code, output]).toEqual([0, expect.any(String)])
}, INSTALL_MS)
afterAll(endPrograms)

it('runs by itself, far from its packages, and leads to the server that was named', async (context) => {
  context.skip(made === null, missing)
  const manifest = JSON.parse(readFileSync(join(content, 'manifest.json'), 'utf8'))
  const sandbox = await openSandbox()
  const fill = (text: string) =>
    // What the app does with the manifest and with what its user typed.
    text
      .replace('${__dirname}', content)
      .replace('${user_config.url}', `${sandbox.url}/mcp/`)
      .replace('${user_config.key_file}', '')
  const { command, args, env } = manifest.server.mcp_config
  expect(command).toBe('node')
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: args.map(fill),
      env: Object.fromEntries(Object.entries<string>(env).map(([name, value]) => [name, fill(value)])),
      cwd: content,
    }),
  )
  const { tools } = await client.listTools()
  // The protocol of this client has no sessions, in which one more tool is offered.
  const named = manifest.tools.map(({ name }: { name: string }) => name)
  const offered = tools.map(({ name }) => name)
  expect(named.filter((name: string) => name !== 'whatsapp_enable_toolset')).toEqual(
    offered.filter((name) => name !== 'whatsapp_enable_toolset'),
  )
  await client.close()
})

it('says of itself what the package says, and brings the licences of what is in it', (context) => {
  context.skip(made === null, missing)
  const manifest = JSON.parse(readFileSync(join(content, 'manifest.json'), 'utf8'))
  expect(manifest).toMatchObject({ name: about.name, version: about.version, license: about.license })
  for (const file of ['LICENSE', 'licenses/eventsource-parser.txt'])
    expect(existsSync(join(content, file)), file).toBe(true)
  expect(existsSync(join(content, 'node_modules'))).toBe(false)
})

it('server.json names this package, and is refused where the registry would refuse it', () => {
  const server = createServerJson(about)
  expect(server).toMatchObject({
    name: about.mcpName,
    version: about.version,
    packages: [{ identifier: about.name, version: about.version }],
  })
  for (const wrong of [
    { ...server, name: 'no-slash' },
    { ...server, name: 'a/b/c' },
    { ...server, description: 'x'.repeat(101) },
    { ...server, version: '^1.0.0' },
    { ...server, packages: [{ ...server.packages[0], version: 'latest' }] },
    { ...server, packages: [{ ...server.packages[0], transport: undefined }] },
  ])
    expect(ServerJson.safeParse(wrong).success, JSON.stringify(wrong)).toBe(false)
})
