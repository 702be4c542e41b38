/** Nothing private in logs, failures or command lines, whatever happens (S14): one run through everything, then a search. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { browserProcesses } from './browser-processes.ts'
import { openHarness } from './harness.ts'
import { createTestClock } from './test-clock.ts'

const CANARY = 'canary-4f1c text that nobody else may read'

it('stay out of the log, of failures and of command lines', async () => {
  const clock = createTestClock()
  const harness = await openHarness({ clock })
  const { world } = harness
  const failures: string[] = []
  const fail = async (path: string, body: unknown) => {
    const answer = await harness.post(path, body)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    // The one documented exception: the caller learns the id of what may have been sent.
    const { message_id: _, ...problem } = answer.json
    failures.push(JSON.stringify(problem), JSON.stringify(answer.headers))
  }
  const secrets = new Set<string>([CANARY])
  const { account, contacts, groups } = world.state()
  for (const { phone, lid, pushname } of [account, ...contacts])
    for (const text of [phone, lid, pushname]) secrets.add(text)
  for (const { id, subject } of groups) for (const text of [id, subject]) secrets.add(text)
  const contact = contacts[0]?.phone ?? ''
  const stranger = '99900011122233'
  secrets.add(stranger)

  await fail('/api/send', { phone_number: contact, message: CANARY })
  await fail('/api/send', { phone_number: contact, message: CANARY, [CANARY.slice(0, 6)]: CANARY })
  await fail('/api/send', { phone_number: CANARY, message: CANARY })
  await harness.post('/api/auth/start')
  secrets.add(harness.app.session.qr() ?? 'no QR')
  await harness.get('/qr')
  const { json } = await harness.post('/api/pairing-code', { phone_number: account.phone })
  secrets.add(json.code)
  await world.typePairingCode({ code: json.code })
  await harness.until('ready')

  await harness.post('/api/send', { phone_number: contact, message: CANARY })
  await fail('/api/send', { phone_number: stranger, message: CANARY })
  await world.write({ from: contact, text: CANARY })
  await world.write({ from: groups[0]?.members[0] ?? '', text: CANARY, chat: groups[0]?.id ?? '' })
  await world.writeFromPhone({ chat: `${contact}@c.us`, text: CANARY })
  await expect
    .poll(() => harness.log.filter(({ msg }) => String(msg).startsWith('message.')).length)
    .toBeGreaterThan(3)
  for (const name of ['send_fails', 'send_rejects']) {
    await world.setFault({ name, value: true })
    await fail('/api/send', { phone_number: contact, message: CANARY })
    await world.setFault({ name, value: false })
  }
  const lines = browserProcesses(harness.authDir).map(({ pid }) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8'),
  )
  await harness.post('/api/logout')

  const places = {
    log: JSON.stringify(harness.log),
    failures: failures.join('\n'),
    commandLines: lines.join('\n'),
  }
  expect(secrets.size).toBeGreaterThan(20)
  for (const [place, text] of Object.entries(places)) {
    expect(text.length, place).toBeGreaterThan(100)
    for (const secret of secrets) expect(text.includes(secret), `${secret} in ${place}`).toBe(false)
  }
  await harness.close()
})
