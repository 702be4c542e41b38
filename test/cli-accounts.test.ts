/** The commands for several accounts, as people and scripts run them: the built program beside a running sandbox. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { WorldState } from '../simulator/simulator.ts'
import { call, ended, endPrograms, openSandbox, run, type Sandbox, stop, temp } from './program.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await openSandbox()
})
afterAll(async () => {
  if (sandbox !== undefined) await stop(sandbox)
  await endPrograms()
})
const cli = (line: string) => ended([...line.split(' '), '--url', sandbox.url])
const stateOf = async (account: string) =>
  (await call<{ state: string; reason: string | null }>(`${sandbox.url}/api/accounts/${account}/status`))
    .state

describe('accounts', () => {
  it('add says how to link it, and list has a line for each', async () => {
    expect(await cli('accounts add work --label Shop')).toEqual({
      code: 0,
      out: `Added. To link it: npm run auth -- --account work --url ${sandbox.url}\n`,
      err: '',
    })
    const { code, out } = await cli('accounts list')
    expect([code, out]).toEqual([0, expect.stringMatching(/^default +stopped.*\nwork +stopped.*, Shop\n$/)])
    const json = JSON.parse((await cli('accounts list --json')).out)
    expect(json).toMatchObject({ ok: true, count: 2, accounts: [{ id: 'default' }, { id: 'work' }] })
    const twice = await cli('accounts add work')
    expect([twice.code, twice.out]).toEqual([1, ''])
    expect(twice.err).toContain('account_exists')
    const wrong = await cli('accounts add Work')
    expect([wrong.code, wrong.out, wrong.err]).toEqual([1, '', expect.stringContaining('ID must')])
  })

  it('change sets and removes label and proxy, whose credentials stay in the file', async () => {
    const file = join(temp(), 'proxy')
    writeFileSync(file, 'http://robin:s3cret-canary@127.0.0.1:1\n')
    const changed = await cli(`accounts change work --proxy-file ${file} --no-label --json`)
    expect(changed.code, changed.err).toBe(0)
    expect(JSON.parse(changed.out).account).toMatchObject({
      id: 'work',
      label: null,
      proxy: 'http://127.0.0.1:1',
    })
    expect(changed.out + sandbox.out + sandbox.err).not.toContain('s3cret-canary')
    const { out } = await cli('accounts change work --no-proxy --label Shop --json')
    expect(JSON.parse(out).account).toMatchObject({ label: 'Shop', proxy: null })
    const nothing = await cli('accounts change work')
    expect([nothing.code, nothing.err]).toEqual([2, expect.stringContaining('--label')])
  })

  it('auth and logout work on the named account alone', async () => {
    const auth = run(['auth', '--account', 'work', '--url', sandbox.url])
    await expect.poll(() => auth.out, { timeout: 60_000 }).toContain('█▄▄▄▄▄▄▄█')
    expect(await stateOf('default')).toBe('stopped')
    await call<WorldState>(`${sandbox.phone}/control/scan`, {})
    expect(await auth.exited, auth.err).toBe(0)
    expect(await stateOf('work')).toBe('ready')
    const asked = await cli('logout --account work')
    expect([asked.code, asked.err]).toEqual([2, expect.stringContaining('--yes --account work')])
    expect(await cli('logout --yes --account work')).toMatchObject({ code: 0, out: 'Logged out.\n' })
    expect(await stateOf('work')).not.toBe('ready')
  })

  it('is also the account that the URL names', async () => {
    const named = await ended(['status', '--json', '--url', `${sandbox.url}/accounts/work/mcp`])
    expect([named.code, named.err]).toEqual([0, ''])
    expect(JSON.parse(named.out)).toEqual(JSON.parse((await cli('status --json --account work')).out))
    const all = (await cli('status')).out
    expect([all, (await cli('status --account default')).out].map((out) => out.includes('[work]'))).toEqual([
      true,
      false,
    ])
    const checked = await ended(['doctor', '--json', '--url', `${sandbox.url}/accounts/work/mcp`])
    expect(JSON.parse(checked.out || '{}').findings, checked.err).toContainEqual(
      expect.objectContaining({ check: 'port', level: 'ok' }),
    )
    const other = await ended(['status', '--account', 'shop', '--url', `${sandbox.url}/accounts/work/mcp`])
    expect([other.code, other.err]).toEqual([2, expect.stringContaining('leave out --account')])
  })

  it('stop keeps it stopped until restart', async () => {
    expect(await cli('accounts stop work')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^work +stopped, .*Shop\n$/),
    })
    const again = await cli('accounts restart work --json')
    expect(again.code, again.err).toBe(0)
    expect(JSON.parse(again.out).account.status.reason).not.toBe('stopped')
  })

  it('remove asks, and without a terminal does nothing', async () => {
    const asked = await cli('accounts remove work --delete-archive')
    expect([asked.code, asked.err]).toEqual([2, expect.stringContaining('work --yes --delete-archive')])
    expect(JSON.parse((await cli('accounts list --json')).out).count).toBe(2)
    const kept = await cli('accounts remove default --yes')
    expect([kept.code, kept.out, kept.err]).toEqual([1, '', expect.stringContaining('default')])
    expect(await cli('accounts remove work --yes --delete-archive')).toMatchObject({
      code: 0,
      out: expect.stringContaining('Removed.'),
    })
    expect((await cli('status --account work')).code).not.toBe(0)
    expect(JSON.parse((await cli('accounts list --json')).out).count).toBe(1)
  })
})
