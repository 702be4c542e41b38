/** Installing a browser: Debian's packages by a fake runner, Chrome for Testing from a mirror on the loopback. */

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BrowserNotFound, findBrowser } from './find.ts'
import { ensureBrowser, ensureFfmpeg, type InstallOptions, installBrowser, type Run } from './install.ts'
import { type FileView, realFiles } from './machine.ts'

let cacheDir: string
const closing: (() => void)[] = []

beforeEach(() => {
  cacheDir = mkdtempSync(join(tmpdir(), 'browser-cache-'))
})
afterEach(() => {
  for (const close of closing.splice(0)) close()
  rmSync(cacheDir, { recursive: true, force: true })
})

/** A Linux machine whose system folders are empty but whose cache folder is real. */
function machine(extra: string[] = []): InstallOptions & { files: FileView } {
  const ours = (path: string) => path.startsWith(cacheDir)
  const files: FileView = {
    isExecutable: (path) => extra.includes(path) || (ours(path) && realFiles.isExecutable(path)),
    isFile: (path) => extra.includes(path) || (ours(path) && realFiles.isFile(path)),
    list: (path) => (ours(path) ? realFiles.list(path) : []),
    head: () => '',
  }
  return { env: {}, platform: 'linux', arch: 'x64', homeDir: '/home/ana', isRoot: false, cacheDir, files }
}

/** Answers each command by the first rule whose pattern fits; records what was asked. */
function runner(
  rules: [RegExp, { code?: number; output?: string; does?: () => void }][],
): Run & { asked: string[] } {
  const asked: string[] = []
  const run: Run = async (program, args) => {
    const line = [program, ...args].join(' ')
    asked.push(line)
    const answer = rules.find(([pattern]) => pattern.test(line))?.[1]
    answer?.does?.()
    return { code: answer?.code ?? 0, output: answer?.output ?? '' }
  }
  return Object.assign(run, { asked })
}

describe('ffmpeg', () => {
  const apt = '/usr/bin/apt-get'
  /** A machine on which ffmpeg runs from the start, once it is installed, or never. */
  const withFfmpeg = (from: 'start' | 'install' | 'never') => {
    let isThere = from === 'start'
    const run = runner([[/^apt-get install .* ffmpeg$/, { does: () => (isThere = from === 'install') }]])
    const whole: Run = async (program, args) => {
      const answer = await run(program, args)
      return program === 'ffmpeg' && !isThere ? { code: 127, output: '' } : answer
    }
    return Object.assign(whole, { asked: run.asked })
  }

  it.each([
    ['that is there', 'start', true, true, false],
    ['that is missing, as root on Debian', 'install', true, true, true],
    ['that cannot be installed', 'never', true, false, true],
    ['that is missing, as another user', 'install', false, false, false],
  ] as const)('%s', async (_, from, isRoot, isFound, isInstalled) => {
    const run = withFfmpeg(from)
    expect(await ensureFfmpeg({ ...machine([apt]), isRoot, run })).toBe(isFound)
    const lines = run.asked.filter((line) => line.startsWith('apt-get'))
    expect(lines.map((line) => line.split(' ')[1])).toEqual(isInstalled ? ['update', 'install'] : [])
  })
})

describe('as root on Debian', () => {
  const apt = '/usr/bin/apt-get'

  it('installs the chromium package, waiting for another apt', async () => {
    const onDisk = [apt]
    const run = runner([
      [/^apt-cache policy/, { output: 'chromium:\n  Candidate: 145.0.7632.45-1~deb12u1\n' }],
      [/^apt-cache show/, { output: 'Depends: libsnappy1v5 (>= 1.1.9), libnss3' }],
      [
        /^apt-get install .*chromium chromium-headless-shell ffmpeg$/,
        { does: () => onDisk.push('/usr/bin/chromium') },
      ],
    ])
    const lines: string[] = []
    const found = await ensureBrowser({
      ...machine(onDisk),
      isRoot: true,
      run,
      onProgress: (line) => lines.push(line),
    })
    expect(found).toEqual({ path: '/usr/bin/chromium', kind: 'chromium', source: 'system' })
    expect(run.asked[0]).toMatch(/^apt-get update .*DPkg::Lock::Timeout=300/)
    expect(run.asked.at(-1)).toMatch(
      /^apt-get install .*DPkg::Lock::Timeout=300 .*chromium chromium-headless-shell ffmpeg$/,
    )
    expect(lines).toHaveLength(2)
  })

  it.each([
    ['has none', 'Candidate: (none)', ''],
    ['has only the snap (Ubuntu)', 'Candidate: 2:1snap1-0ubuntu2', 'Pre-Depends: debconf, snapd (>= 2.32)'],
  ])('downloads Chrome where the distribution %s', async (_, policy, show) => {
    const url = await mirror()
    const run = runner([
      [/^apt-cache policy/, { output: policy }],
      [/^apt-cache show/, { output: show }],
    ])
    const found = await installBrowser({ ...machine([apt]), isRoot: true, run, baseUrl: url })
    expect(found.source).toBe('own')
    expect(run.asked.some((line) => line.startsWith('apt-get install'))).toBe(false)
  })

  it('adds the libraries that a downloaded Chrome lacks', async () => {
    const url = await mirror()
    const libraries: string[] = []
    const run = runner([
      [/^apt-cache policy/, { output: 'Candidate: (none)' }],
      [/^apt-get satisfy/, { does: () => libraries.push('libnss3') }],
    ])
    const withChrome: Run = async (program, args, env) => {
      if (args[0] !== '--version') return await run(program, args, env)
      return libraries.length > 0
        ? { code: 0, output: '' }
        : { code: 127, output: 'libnss3.so: cannot open shared object file' }
    }
    const found = await installBrowser({ ...machine([apt]), isRoot: true, run: withChrome, baseUrl: url })
    expect(found.source).toBe('own')
    expect(run.asked.at(-1)).toMatch(/^apt-get satisfy .* libnss3, libgbm1 \(>= 17\)$/)
  })
})

describe('by download', () => {
  const works = runner([])

  it('puts stable Chrome into the cache, where it is found the next time', async () => {
    const url = await mirror()
    const lines: string[] = []
    const options = { ...machine(), run: works, baseUrl: url }
    const first = await ensureBrowser({ ...options, onProgress: (line) => lines.push(line) })
    expect(first).toEqual({
      path: join(cacheDir, 'chrome', 'linux-145.0.7632.46', 'chrome-linux64', 'chrome'),
      kind: 'chrome',
      source: 'own',
    })
    expect(readFileSync(first.path, 'utf8')).toContain('echo Chrome')
    expect(lines.at(-1)).toMatch(/^downloading Chrome 145\.0\.7632\.46/)
    expect(readdirSync(cacheDir)).toEqual(['chrome'])
    const nowhere = { ...options, baseUrl: 'http://127.0.0.1:9' }
    expect(await ensureBrowser(nowhere)).toEqual(first)
  })

  it('two at once end with the same browser', async () => {
    const url = await mirror()
    const options = { ...machine(), run: works, baseUrl: url }
    const [one, two] = await Promise.all([installBrowser(options), installBrowser(options)])
    expect(two).toEqual(one)
    expect(readdirSync(cacheDir)).toEqual(['chrome'])
  })

  it('sweeps away what a killed install left, and never takes it for a browser', async () => {
    const url = await mirror()
    const left = join(cacheDir, 'partial-999999999-x')
    mkdirSync(join(left, 'chrome', 'linux-145.0.7632.46', 'chrome-linux64'), { recursive: true })
    expect(findBrowser(machine())).toBeNull()
    await installBrowser({ ...machine(), run: works, baseUrl: url })
    expect(existsSync(left)).toBe(false)
  })

  it('leaves nothing behind when Chrome does not start here, and names the missing library', async () => {
    const url = await mirror()
    const run = runner([
      [/--version$/, { code: 127, output: 'x\nlibnss3.so: cannot open shared object file' }],
    ])
    const failing = installBrowser({ ...machine(), run, baseUrl: url })
    await expect(failing).rejects.toThrow(/does not start on this system: libnss3\.so/)
    await expect(failing).rejects.toThrow(BrowserNotFound)
    expect(findBrowser(machine())).toBeNull()
    expect(readdirSync(cacheDir)).toEqual([])
  })

  it('fails with one sentence and the next step without a network', async () => {
    const failing = installBrowser({ ...machine(), run: works, baseUrl: 'http://127.0.0.1:9' })
    const error = await failing.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(BrowserNotFound)
    if (!(error instanceof BrowserNotFound)) return
    expect(error.message).toMatch(
      /^No browser was found, and the list of Chrome versions could not be read: /,
    )
    expect(error.message).not.toContain('\n')
    expect(error.hint).toMatch(/WHATSAPP_CHROME_EXECUTABLE/)
  })

  it('skips a mirror that lacks the file, or stops sending', async () => {
    const missing = installBrowser({ ...machine(), run: works, baseUrl: await mirror('missing') })
    await expect(missing).rejects.toThrow(/could not be downloaded: .*404/)
    const stalled = installBrowser({
      ...machine(),
      run: works,
      stallMs: 200,
      baseUrl: await mirror('stalls'),
    })
    await expect(stalled).rejects.toThrow(/nothing arrived for 0\.2 s/)
    expect(findBrowser(machine())).toBeNull()
  })

  it('does not wait for a list of versions that never comes', async () => {
    const silent = installBrowser({
      ...machine(),
      run: works,
      stallMs: 200,
      baseUrl: await mirror('silent'),
    })
    await expect(silent).rejects.toThrow(/versions could not be read: nothing arrived for 0\.2 s/)
  })

  it('unpacks for longer than a download may stall', async () => {
    const options = { ...machine(), run: works, stallMs: 500, baseUrl: await mirror('large') }
    expect(await installBrowser(options)).toMatchObject({ kind: 'chrome' })
  })

  it('does not offer what does not exist', async () => {
    const arm = installBrowser({ ...machine(), arch: 'arm64', run: works })
    await expect(arm).rejects.toThrow('Chrome for Testing has no build for linux on arm64.')
  })
})

/** Serves the list of versions and a tiny Chrome, in the layout that @puppeteer/browsers asks for; the base URL. */
async function mirror(mood: 'good' | 'large' | 'silent' | 'missing' | 'stalls' = 'good'): Promise<string> {
  const more = Array.from({ length: mood === 'large' ? 800 : 0 }, (_, n) => ({
    name: `chrome-linux64/locales/${n}.pak`,
    text: '',
    mode: 0o644,
  }))
  const chrome = zip([
    ...more,
    { name: 'chrome-linux64/chrome', text: '#!/bin/sh\necho Chrome\n', mode: 0o755 },
    { name: 'chrome-linux64/deb.deps', text: 'libnss3\nlibgbm1 (>= 17)\n', mode: 0o644 },
  ])
  const server = createServer((request, response) => {
    if (mood === 'silent') return
    if (request.url === '/last-known-good-versions.json') {
      const channels = { Stable: { channel: 'Stable', version: '145.0.7632.46', revision: '1' } }
      response.end(JSON.stringify({ timestamp: '2025-01-01T00:00:00Z', channels }))
    } else if (request.url === '/145.0.7632.46/linux64/chrome-linux64.zip' && mood !== 'missing') {
      response.writeHead(200, { 'content-length': chrome.length })
      if (mood === 'stalls') response.write(chrome.subarray(0, 20))
      else response.end(chrome)
    } else {
      response.writeHead(404).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A zip archive without compression; see PKWARE's APPNOTE 4.3 for the two headers. */
function zip(entries: { name: string; text: string; mode: number }[]): Buffer {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, text, mode } of entries) {
    const data = Buffer.from(text)
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(20, 4)
    local.writeUInt32LE(crc32(data), 14)
    local.writeUInt32LE(data.length, 18)
    local.writeUInt32LE(data.length, 22)
    local.writeUInt16LE(name.length, 26)
    const central = Buffer.alloc(46)
    central.writeUInt32LE(0x02014b50, 0)
    central.writeUInt16LE(0x0314, 4)
    central.writeUInt16LE(20, 6)
    local.copy(central, 16, 14, 28)
    central.writeUInt32LE(((0o100000 | mode) << 16) >>> 0, 38)
    central.writeUInt32LE(offset, 42)
    const piece = Buffer.concat([local, Buffer.from(name), data])
    offset += piece.length
    locals.push(piece)
    directory.push(central, Buffer.from(name))
  }
  const index = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(index.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...locals, index, end])
}
