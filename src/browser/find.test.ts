/** Finding a browser, on fake machines of every platform. */

import { describe, expect, it } from 'vitest'
import { BrowserNotFound, findBrowser } from './find.ts'
import { browserCacheDir, type FileView } from './machine.ts'

/** A disk that holds these files; `#` before a path: there, but not executable. */
function disk(...entries: (string | { path: string; text: string })[]): FileView {
  const files = entries.map((entry) => (typeof entry === 'string' ? { path: entry, text: '' } : entry))
  const slashes = (path: string) => path.replaceAll('\\', '/')
  const holds = (path: string) => files.some((file) => slashes(file.path) === slashes(path))
  return {
    isExecutable: holds,
    isFile: (path) => holds(path) || holds(`#${path}`),
    list: (directory) => {
      const inside = files
        .map((file) => slashes(file.path))
        .filter((path) => path.startsWith(`${slashes(directory)}/`))
      return [...new Set(inside.map((path) => path.slice(directory.length + 1).split('/')[0] ?? ''))]
    },
    head: (path) => files.find((file) => file.path === path)?.text ?? '',
  }
}

const linux = {
  platform: 'linux',
  homeDir: '/home/ana',
  env: { PATH: '/usr/local/bin:/usr/bin:/snap/bin' },
} as const
const mac = { platform: 'darwin', homeDir: '/Users/ana', env: { PATH: '/usr/bin' } } as const
const windows = {
  platform: 'win32',
  homeDir: 'C:\\Users\\Ana',
  env: { Path: 'C:\\Windows', LOCALAPPDATA: 'C:\\Users\\Ana\\AppData\\Local', PROGRAMFILES: 'D:\\Programs' },
} as const

describe('Linux', () => {
  it('prefers the headless shell where no window is wanted, and only there', () => {
    const shell = '/usr/lib/chromium/chromium-headless-shell'
    const files = disk('/usr/bin/chromium', shell)
    expect(findBrowser({ ...linux, files })?.path).toBe('/usr/bin/chromium')
    expect(findBrowser({ ...linux, files, headless: true })).toEqual({
      path: shell,
      kind: 'headless-shell',
      source: 'system',
    })
    expect(findBrowser({ ...linux, files: disk('/usr/bin/chromium'), headless: true })?.path).toBe(
      '/usr/bin/chromium',
    )
  })

  it.each([
    '/usr/lib/chromium/chromium-headless-shell',
    '/usr/local/bin/chromium-headless-shell',
    '/usr/local/bin/chrome-headless-shell',
  ])(
    'takes a headless shell where there is nothing else, so that no second browser is installed: %s',
    (path) => {
      for (const headless of [true, false])
        expect(findBrowser({ ...linux, files: disk(path), headless })).toMatchObject({
          path,
          kind: 'headless-shell',
        })
    },
  )

  it('finds each product where its package puts it', () => {
    expect(findBrowser({ ...linux, files: disk('/opt/google/chrome/chrome') })).toEqual({
      path: '/opt/google/chrome/chrome',
      kind: 'chrome',
      source: 'system',
    })
    expect(findBrowser({ ...linux, files: disk('/usr/bin/chromium') })?.kind).toBe('chromium')
    expect(findBrowser({ ...linux, files: disk('/opt/microsoft/msedge/msedge') })?.kind).toBe('edge')
  })

  it('finds names on PATH, and in /usr/bin without one', () => {
    const files = disk('/usr/local/bin/google-chrome')
    expect(findBrowser({ ...linux, files })).toEqual({
      path: '/usr/local/bin/google-chrome',
      kind: 'chrome',
      source: 'path',
    })
    const bare = { ...linux, env: {}, files: disk('/usr/bin/google-chrome-stable') }
    expect(findBrowser(bare)?.path).toBe('/usr/bin/google-chrome-stable')
  })

  it('ignores relative directories on PATH', () => {
    expect(
      findBrowser({ ...linux, env: { PATH: '.:bin' }, files: disk('bin/chromium', 'chromium') }),
    ).toBeNull()
  })

  it('prefers stable to previews, also where a folder is called dev', () => {
    const files = disk('/opt/google/chrome-beta/chrome', '/home/dev/bin/chromium')
    const env = { PATH: '/home/dev/bin' }
    expect(findBrowser({ ...linux, env, files })?.path).toBe('/home/dev/bin/chromium')
  })

  it("takes snap's and flatpak's last, and says so", () => {
    const flatpak = '/home/ana/.local/share/flatpak/exports/bin/org.chromium.Chromium'
    expect(findBrowser({ ...linux, files: disk('/snap/bin/chromium', flatpak) })?.source).toBe('snap')
    expect(findBrowser({ ...linux, files: disk(flatpak) })).toEqual({
      path: flatpak,
      kind: 'chromium',
      source: 'flatpak',
    })
    const both = disk('/snap/bin/chromium', '/opt/google/chrome-beta/chrome')
    expect(findBrowser({ ...linux, files: both })?.kind).toBe('chrome')
  })

  it("sees through Ubuntu's chromium-browser, which only asks for the snap", () => {
    const stub = {
      path: '/usr/bin/chromium-browser',
      text: '#!/bin/sh\nif ! [ -x /snap/bin/chromium ]; then',
    }
    expect(findBrowser({ ...linux, files: disk(stub) })).toBeNull()
    expect(findBrowser({ ...linux, files: disk(stub, '/snap/bin/chromium') })?.path).toBe(
      '/snap/bin/chromium',
    )
  })

  it('finds the newest of our own downloads', () => {
    const own = (version: string) =>
      `/home/ana/.cache/whatsapp-mcp-api/browsers/chrome/linux-${version}/chrome-linux64/chrome`
    const files = disk(own('99.0.1.2'), own('145.0.7632.46'), own('145.0.7632.9'))
    expect(findBrowser({ ...linux, files })).toEqual({
      path: own('145.0.7632.46'),
      kind: 'chrome',
      source: 'own',
    })
  })

  it('takes a headless shell when there is nothing else', () => {
    const files = disk('/usr/local/bin/chrome-headless-shell')
    expect(findBrowser({ ...linux, files })?.kind).toBe('headless-shell')
  })

  it('finds nothing on an empty machine', () => {
    expect(findBrowser({ ...linux, files: disk() })).toBeNull()
  })
})

describe('macOS', () => {
  it('finds bundles for all users and for one user', () => {
    const edge = '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge'
    const chrome = '/Users/ana/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
    expect(findBrowser({ ...mac, files: disk(edge) })?.kind).toBe('edge')
    expect(findBrowser({ ...mac, files: disk(edge, chrome) })?.path).toBe(chrome)
  })

  it('finds our own download', () => {
    const own =
      '/Users/ana/Library/Caches/whatsapp-mcp-api/browsers/chrome/mac_arm-145.0.7632.46/chrome-mac-arm64/' +
      'Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing'
    expect(findBrowser({ ...mac, files: disk(own) })).toEqual({ path: own, kind: 'chrome', source: 'own' })
  })

  it('takes a bundle as the setting', () => {
    const binary = '/opt/Chromium.app/Contents/MacOS/Chromium'
    const env = { WHATSAPP_CHROME_EXECUTABLE: '/opt/Chromium.app' }
    expect(findBrowser({ ...mac, env, files: disk(binary) })).toEqual({
      path: binary,
      kind: 'chromium',
      source: 'setting',
    })
  })
})

describe('Windows', () => {
  it('finds program folders whatever the case of the variables', () => {
    const chrome = 'D:\\Programs\\Google\\Chrome\\Application\\chrome.exe'
    const edge = 'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe'
    expect(findBrowser({ ...windows, files: disk(edge, chrome) })?.path).toBe(chrome)
    expect(findBrowser({ ...windows, files: disk(edge) })).toEqual({
      path: edge,
      kind: 'edge',
      source: 'system',
    })
  })

  it('finds a Chrome installed for one user, and our own', () => {
    const user = 'C:\\Users\\Ana\\AppData\\Local\\Google\\Chrome\\Application\\chrome.exe'
    const own =
      'C:\\Users\\Ana\\AppData\\Local\\whatsapp-mcp-api\\browsers\\chrome\\win64-145.0.1.2\\chrome-win64\\chrome.exe'
    expect(findBrowser({ ...windows, files: disk(user, own) })?.path).toBe(user)
    expect(findBrowser({ ...windows, files: disk(own) })?.source).toBe('own')
  })

  it('searches Path', () => {
    const env = { Path: '"C:\\Tools";C:\\Windows' }
    expect(findBrowser({ ...windows, env, files: disk('C:\\Tools\\chrome.exe') })?.source).toBe('path')
  })
})

describe('WHATSAPP_CHROME_EXECUTABLE', () => {
  const set = (value: string, ...entries: string[]) =>
    findBrowser({
      ...linux,
      env: { ...linux.env, WHATSAPP_CHROME_EXECUTABLE: value },
      files: disk(...entries),
    })

  it('wins over everything else', () => {
    expect(set('/opt/mine/msedge', '/opt/mine/msedge', '/opt/google/chrome/chrome')).toEqual({
      path: '/opt/mine/msedge',
      kind: 'edge',
      source: 'setting',
    })
  })

  it('may be a name on PATH or begin with ~', () => {
    expect(set('chromium', '/snap/bin/chromium')?.path).toBe('/snap/bin/chromium')
    expect(set('~/chrome/chrome', '/home/ana/chrome/chrome')?.path).toBe('/home/ana/chrome/chrome')
  })

  it('is never replaced silently: missing and not executable are different errors', () => {
    expect(() => set('/nowhere/chrome', '/opt/google/chrome/chrome')).toThrow(
      'WHATSAPP_CHROME_EXECUTABLE names /nowhere/chrome, which does not exist.',
    )
    expect(() => set('/opt/notes.txt', '#/opt/notes.txt')).toThrow(/is not executable by this user/)
    expect(() => set('/nowhere/chrome')).toThrow(BrowserNotFound)
  })

  it('counts as unset when empty', () => {
    expect(set('  ', '/usr/bin/chromium')?.source).toBe('system')
  })
})

it('keeps our own browser in the cache folder of the platform', () => {
  expect(browserCacheDir({ ...linux, env: { XDG_CACHE_HOME: '/cache' } })).toBe(
    '/cache/whatsapp-mcp-api/browsers',
  )
  expect(browserCacheDir({ ...linux, env: { XDG_CACHE_HOME: 'relative' } })).toBe(
    '/home/ana/.cache/whatsapp-mcp-api/browsers',
  )
  expect(browserCacheDir(windows)).toBe('C:\\Users\\Ana\\AppData\\Local\\whatsapp-mcp-api\\browsers')
})
