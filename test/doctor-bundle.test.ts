/** The support bundle: what a bug report needs, and byte by byte nothing of a person. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { openHarness } from './harness.ts'
import { ended, endPrograms, temp } from './program.ts'

const CANARY = 'canary-7d2e'
const HIDDEN = '15550099887'

afterAll(endPrograms)

it('says what runs and how, and nothing that names a person, a place or a secret', async () => {
  const authDir = mkdtempSync(join(tmpdir(), `${CANARY}-dir-`))
  const keyFile = join(authDir, `${CANARY}.key`)
  writeFileSync(keyFile, `${CANARY}-secret-that-is-long-enough\n`, { mode: 0o600 })
  const own = join(authDir, '.whatsapp-mcp-api')
  mkdirSync(own, { mode: 0o700 })
  const rule = `  - name: ${CANARY}\n    kinds: [call.incoming]\n    run: [node]\n`
  writeFileSync(join(own, 'rules.yaml'), `rules:\n${rule}`, { mode: 0o600 })
  const env = {
    WHATSAPP_RULES: 'true',
    WHATSAPP_HIDE_CHATS: HIDDEN,
    WHATSAPP_ARCHIVE_KEY_FILE: keyFile,
    WHATSAPP_FILES_DIR: authDir,
    WHATSAPP_WEBHOOK_ALLOWED_ORIGINS: `http://${CANARY}.example:81`,
    WHATSAPP_MCP_SENDS: 'confirm',
    WHATSAPP_HISTORY_DAYS: '44',
  }
  const harness = await openHarness({ authDir, env })
  const { world } = harness
  await harness.link()
  await harness.post('/api/accounts', {
    id: CANARY,
    label: `${CANARY} label`,
    proxy: `http://${CANARY}.example:8080`,
  })
  const hook = { url: `http://${CANARY}.example:81/`, kinds: ['call.incoming'] }
  const { json: webhook } = await harness.post('/api/webhooks', hook)
  const { account, contacts, groups } = world.state()
  await world.write({ from: contacts[0]?.phone ?? '', text: `${CANARY} text` })
  await world.setFault({ name: 'send_rejects', value: true })
  await harness.post('/api/send', { phone_number: contacts[0]?.phone, message: `${CANARY} text` })
  await harness.synced()

  const file = join(temp(), 'bundle.json')
  const port = new URL(harness.url).port
  const line = ['doctor', '--auth-dir', authDir, '--port', port, '--bundle', file]
  const done = await ended(line, { env })
  expect([done.code, done.err]).toEqual([0, `Wrote ${file}. Read it before you share it.\n`])
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const text = readFileSync(file, 'utf8')
  expect(JSON.parse(text)).toMatchObject({
    machine: { node: process.versions.node, platform: process.platform },
    settings: {
      WHATSAPP_MCP_PORT: port,
      WHATSAPP_MCP_SENDS: 'confirm',
      WHATSAPP_HISTORY_DAYS: '44',
      WHATSAPP_HIDE_CHATS: 'set',
      WHATSAPP_ARCHIVE_KEY_FILE: 'set',
      WHATSAPP_AUTH_DIR: 'set',
      WHATSAPP_MCP_KEY: 'default',
    },
    checks: expect.arrayContaining([{ check: 'session', level: 'ok' }]),
    server: 'server',
    accounts: [{ state: 'ready', connected: true, archive: { problem: null } }, { state: 'stopped' }],
    whatsapp_web: { missing: expect.any(Array) },
    metrics: expect.arrayContaining([
      'whatsapp_session_state{account="1",state="ready"} 1',
      'whatsapp_session_state{account="2",state="stopped"} 1',
      'whatsapp_rule_paused{account="1",rule="1"} 0',
      'whatsapp_webhook_paused{account="1",webhook="1"} 0',
    ]),
  })

  const people = [account, ...contacts].flatMap(({ phone, lid, pushname }) => [phone, lid, pushname])
  const secrets = [
    ...[CANARY, HIDDEN, webhook.id, authDir, tmpdir(), `/${userInfo().username}`, process.cwd()],
    ...people,
    ...groups.flatMap(({ id, subject }) => [id, subject]),
  ]
  expect(secrets.length).toBeGreaterThan(20)
  for (const secret of secrets) expect(text.includes(secret), secret).toBe(false)

  const again = await ended(line, { env })
  expect([again.code, again.err.split('\n')[0]]).toEqual([1, `${file} cannot be written (EEXIST).`])
  await harness.close()
  expect(existsSync(authDir)).toBe(false)
})

it('is written without a server too', async () => {
  const file = join(temp(), 'bundle.json')
  const line = ['doctor', '--auth-dir', temp(), '--port', '0', '--bundle', file]
  const { code } = await ended(line)
  const bundle = JSON.parse(readFileSync(file, 'utf8'))
  // Without internet, WhatsApp Web is one.
  const hasProblem = bundle.checks.some(({ level }: { level: string }) => level === 'problem')
  expect(code).toBe(hasProblem ? 1 : 0)
  expect(bundle).toMatchObject({
    server: 'nobody_of_ours',
    accounts: [],
    whatsapp_web: null,
    metrics: null,
  })
})
