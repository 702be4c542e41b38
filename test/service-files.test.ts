/** The files for systemd and launchd, and the lines of docs/deploy.md that install them. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { EXIT } from '../src/cli/exit-codes.ts'
import { ended, endPrograms, temp } from './program.ts'

const ROOT = resolve(import.meta.dirname, '..')
const UNIT = join(ROOT, 'deploy/whatsapp-mcp-api.service')
const PLIST = join(ROOT, 'deploy/io.github.whatsapp-mcp-api.plist')
const DEPLOY = readFileSync(join(ROOT, 'docs/deploy.md'), 'utf8')
/** The server takes this long to stop at most, see run-server.ts. */
const STOPS_S = 20

/** The shell block of this section. */
const blockOf = (title: string) =>
  new RegExp(`^## ${title}\\n[\\s\\S]*?^\`\`\`sh once\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(DEPLOY)?.[1] ?? ''

afterAll(endPrograms)

describe('the unit of systemd', () => {
  const text = readFileSync(UNIT, 'utf8')
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1] ?? ''

  it.skipIf(spawnSync('systemd-analyze', ['--version']).status !== 0)('has no flaw for systemd', async () => {
    const env = { XDG_RUNTIME_DIR: temp() }
    expect(await ended(['verify', '--user', UNIT], { env }, 'systemd-analyze')).toEqual({
      code: 0,
      out: '',
      err: '',
    })
  })

  it('starts again after a failure, but not after an error that needs a person', () => {
    const { wrongSetting, directory, port, browser } = EXIT
    expect(value('Restart')).toBe('on-failure')
    expect(value('RestartPreventExitStatus').split(' ').map(Number)).toEqual([
      wrongSetting,
      directory,
      port,
      browser,
    ])
    expect(DEPLOY).toContain(`exit codes ${wrongSetting} to ${browser}`)
  })

  it('waits until the server has stopped, and ends only the server itself with SIGTERM', () => {
    expect(Number(value('TimeoutStopSec'))).toBeGreaterThan(STOPS_S)
    expect(value('KillMode')).toBe('mixed')
  })

  it('is installed where the page puts it', () => {
    const block = blockOf('With systemd')
    for (const part of [
      `deploy/whatsapp-mcp-api.service ~/.config/systemd/user/`,
      value('EnvironmentFile').replace('-%h', '~'),
    ])
      expect(block).toContain(part)
  })
})

describe('the agent of launchd', () => {
  it('is XML whose elements close, and the command of the page names the user in it', async () => {
    const [line = ''] = blockOf('With launchd').match(/^sed .*(?= > )/m) ?? []
    const { code, out } = await ended(['-c', `whoami() { echo mia; }\n${line}`], { cwd: ROOT }, 'sh')
    expect(code).toBe(0)
    expect(out).toContain('<string>/Users/mia</string>')
    expect(out).toContain('<string>/Users/mia/Library/Logs/whatsapp-mcp-api.log</string>')
    expect(out).not.toMatch(/<string>[^<]*USER/)
    const open: string[] = []
    for (const [, slash, name = '', alone] of out.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
      if (slash === '/') expect(open.pop()).toBe(name)
      else if (alone !== '/') open.push(name)
    }
    expect(open).toEqual([])
  })

  it('finds the program and Node wherever Homebrew or the installer of Node put them', () => {
    const text = readFileSync(PLIST, 'utf8')
    const [, words = ''] = /<key>ProgramArguments<\/key>\s*<array>([\s\S]*?)<\/array>/.exec(text) ?? []
    expect([...words.matchAll(/<string>(.*?)<\/string>/g)].map(([, word]) => word)).toEqual([
      '/usr/bin/env',
      'whatsapp-mcp-api',
      'serve',
    ])
    const [, path = ''] = /<key>PATH<\/key>\s*<string>(.*?)<\/string>/.exec(text) ?? []
    expect(path.split(':')).toEqual(expect.arrayContaining(['/usr/local/bin', '/opt/homebrew/bin']))
  })

  it('waits until the server has stopped', () => {
    const [, seconds] = /<key>ExitTimeOut<\/key>\s*<integer>(\d+)</.exec(readFileSync(PLIST, 'utf8')) ?? []
    expect(Number(seconds)).toBeGreaterThan(STOPS_S)
  })
})
