/** The first start of a checkout, with an npm that a test plays. */
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { endPrograms, run, temp } from './program.ts'

afterEach(endPrograms)

const ROOT = resolve(import.meta.dirname, '..')

/** Goes on whatever it is told, as npm does, and starts a program of its own. */
const NPM = `
  import { spawn } from 'node:child_process'
  import { writeFileSync } from 'node:fs'
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => {})
  const { pid } = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  writeFileSync(process.env.PIDS, JSON.stringify([process.pid, pid]))
  setInterval(() => {}, 1000)
`

const isAlive = (pid: number) => {
  try {
    // One that has ended and is not yet waited for has an entry too.
    if (process.platform === 'linux') return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

it.skipIf(process.platform === 'win32').each(['SIGINT', 'SIGTERM'] as const)(
  '%s while packages are installed ends at once, and says what is left',
  async (signal) => {
    const checkout = temp()
    for (const name of ['scripts', 'package.json', 'package-lock.json'])
      cpSync(join(ROOT, name), join(checkout, name), { recursive: true })
    const npm = join(checkout, 'npm-cli.mjs')
    writeFileSync(npm.replace('.mjs', '.js'), `import('./npm-cli.mjs')`)
    writeFileSync(npm, NPM)
    const pids = join(checkout, 'pids')
    const env = { npm_execpath: npm.replace('.mjs', '.js'), PIDS: pids }
    const start = run(['scripts/bootstrap.mjs', 'status'], { cwd: checkout, env }, process.execPath)
    await expect.poll(() => existsSync(pids) && readFileSync(pids, 'utf8')).toBeTruthy()
    const toldAt = performance.now()
    start.child.kill(signal)
    expect(await start.exited).toBe(signal === 'SIGINT' ? 130 : 143)
    // It takes a tenth of a second, and more on a loaded machine; npm alone would never end.
    expect(performance.now() - toldAt).toBeLessThan(10_000)
    expect(start.err).toMatch(
      /\nsetup: stopped: not all packages are installed\. The next start installs them again\.\n$/,
    )
    for (const pid of JSON.parse(readFileSync(pids, 'utf8')))
      await expect.poll(() => isAlive(pid)).toBe(false)
  },
)
