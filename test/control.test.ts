/** The control database from the outside: made by the first start, and a start beside one that cannot be opened. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import type { Status } from '../src/model/status.ts'
import { call, endPrograms, type Program, run, stop, temp } from './program.ts'

afterEach(endPrograms)

const controlIn = (dir: string) => join(dir, '.whatsapp-mcp-api', 'control.db')

async function serve(dir: string): Promise<{ program: Program; url: string }> {
  const program = run(['serve', '--port', '0', '--auth-dir', dir])
  const url = () => /WhatsApp for your agents: (\S+)/.exec(program.out)?.[1]
  await expect.poll(() => url() ?? program.err, { timeout: 60_000 }).toMatch(/^http/)
  return { program, url: url() ?? '' }
}

it('is made by the first start, its owner’s only, and closed with the server', async () => {
  const dir = temp()
  const { program } = await serve(dir)
  await expect.poll(() => existsSync(controlIn(dir))).toBe(true)
  expect(await stop(program)).toBe(0)
  expect(statSync(controlIn(dir)).mode & 0o777).toBe(0o600)
  expect(statSync(`${controlIn(dir)}-wal`, { throwIfNoEntry: false })?.size ?? 0).toBe(0)
  expect(program.err).not.toContain('control_')
})

it('that cannot be opened is named at the start with the next step, and is left as it is', async () => {
  const dir = temp()
  mkdirSync(dirname(controlIn(dir)), { mode: 0o700 })
  writeFileSync(controlIn(dir), 'notes of somebody else '.repeat(300), { mode: 0o600 })
  const before = readFileSync(controlIn(dir))
  const { program, url } = await serve(dir)
  await expect.poll(() => program.err).toContain('control_foreign')
  expect(program.err).toContain('start the server again')
  expect(await call<Status>(`${url}/api/status`)).toMatchObject({
    state: 'stopped',
    control_problem: 'control_foreign',
  })
  // What is not known to exist does not.
  expect((await fetch(`${url}/api/accounts/work/status`)).status).toBe(500)
  const doctor = run(['doctor', '--url', url])
  await doctor.exited
  expect(doctor.out).toMatch(/problem +accounts .*control_foreign/)
  expect(await stop(program)).toBe(0)
  expect(readFileSync(controlIn(dir)).equals(before)).toBe(true)
})
