import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig, SETTINGS } from './config.ts'

const root = resolve('/project')

describe('readConfig', () => {
  it('has the documented defaults', () => {
    expect(readConfig({ env: {}, root })).toEqual({
      host: '127.0.0.1',
      port: 8790,
      authDir: join(root, '.wwebjs_auth'),
      chromeExecutable: '',
      headless: true,
      allowedHosts: [],
      corsOrigins: [],
      readOnly: false,
      publicUrl: null,
      keysRequired: false,
      webhookOrigins: [],
      rules: false,
      accessKey: null,
      oauth: null,
      history: { perChat: 1000, days: 365, total: 200_000, pauseMs: 50 },
      mcpSends: 'known',
      hideChats: [],
      pace: { perMinute: 30, perHour: 600, newPeoplePerDay: 50 },
      outbox: { expiresMs: 86_400_000, lateMs: 3_600_000 },
      eventsDays: 30,
      auditDays: 90,
      filesDir: '',
      mediaUrls: false,
      maxUploadBytes: 67_108_864,
      canary: 'never',
      uploadQuotaBytes: 2_147_483_648,
      memory: { softBytes: 1_610_612_736, hardBytes: 2_684_354_560 },
      media: {
        download: 'on-demand',
        maxBytes: 268_435_456,
        quotaBytes: 2_147_483_648,
        eagerMaxBytes: 16_777_216,
        eagerTypes: ['image', 'ptt', 'audio', 'video', 'document', 'sticker'],
        words: { commands: { transcript: null, text: null }, ms: 300_000, memoryBytes: 2_147_483_648 },
      },
      toolsets: null,
      keep: { days: 0, perChat: [], never: [], disappearing: false },
      archiveKey: null,
      logLevel: 'info',
    })
  })

  it('takes an IPv6 address to listen on with or without brackets', () => {
    const hostOf = (host: string) => readConfig({ env: { WHATSAPP_MCP_HOST: host }, root }).host
    expect([hostOf('::1'), hostOf('[::1]')]).toEqual(['::1', '::1'])
    expect(() => hostOf('[127.0.0.1]')).toThrow(ConfigError)
  })

  it('takes an empty variable for an unset one', () => {
    expect(readConfig({ env: { WHATSAPP_MCP_PORT: '', WHATSAPP_AUTH_DIR: ' ' }, root }).port).toBe(8790)
  })

  it('reads every setting', () => {
    const config = readConfig({
      env: {
        WHATSAPP_MCP_HOST: '::1',
        WHATSAPP_MCP_PORT: '9000',
        WHATSAPP_AUTH_DIR: '/elsewhere',
        WHATSAPP_CHROME_EXECUTABLE: '/opt/chrome',
        WHATSAPP_HEADLESS: 'false',
        WHATSAPP_MCP_ALLOWED_HOSTS: 'A.example, b.example:8790',
        WHATSAPP_MCP_LOG_LEVEL: 'warn',
        WHATSAPP_HISTORY_PER_CHAT: '5',
        WHATSAPP_HISTORY_DAYS: '30',
        WHATSAPP_HISTORY_TOTAL: '1000',
        WHATSAPP_HISTORY_PAUSE_MS: '0',
      },
      root,
    })
    expect(config.history).toEqual({ perChat: 5, days: 30, total: 1000, pauseMs: 0 })
    expect(config).toMatchObject({ host: '::1', port: 9000, authDir: resolve('/elsewhere'), headless: false })
    expect(config).toMatchObject({
      allowedHosts: ['a.example', 'b.example'],
      chromeExecutable: '/opt/chrome',
    })
  })

  it.each([
    [{ WHATSAPP_ARCHIVE_KEY: ' with spaces ' }, { key: 'with spaces' }],
    [{ WHATSAPP_ARCHIVE_KEY_FILE: 'a.key' }, { file: resolve('a.key') }],
    [{ WHATSAPP_ARCHIVE_KEY_COMMAND: 'pass show x', WHATSAPP_ARCHIVE_KEY: '' }, { command: 'pass show x' }],
  ])('takes the key of the archive from %j', (env, archiveKey) => {
    expect(readConfig({ env, root }).archiveKey).toEqual(archiveKey)
  })

  it('takes the words of the commands for words in media, with the path of the program made absolute', () => {
    const env = {
      WHATSAPP_TRANSCRIBE_COMMAND: `./bin/x -m 'a model' {wav}`,
      WHATSAPP_TEXT_COMMAND: 'pdftotext {file} -',
      WHATSAPP_WORDS_LIMIT_MIB: '16',
    }
    expect(readConfig({ env, root }).media.words).toEqual({
      commands: {
        transcript: [resolve('bin/x'), '-m', 'a model', '{wav}'],
        text: ['pdftotext', '{file}', '-'],
      },
      ms: 300_000,
      memoryBytes: 16 * 2 ** 20,
    })
  })

  it.each([
    { WHATSAPP_TEXT_COMMAND: 'pdftotext' },
    { WHATSAPP_TEXT_COMMAND: '{file}' },
    { WHATSAPP_TEXT_COMMAND: 'x {wav}' },
    { WHATSAPP_TRANSCRIBE_COMMAND: `x '{file}` },
  ])('refuses %j', (env) => {
    expect(() => readConfig({ env, root })).toThrow(/Allowed: a command line with \{file\}/)
  })

  it('takes the key of the archive from one place only, and says nothing of it', () => {
    const env = { WHATSAPP_ARCHIVE_KEY: 'nobody knows this', WHATSAPP_ARCHIVE_KEY_FILE: 'a.key' }
    expect(() => readConfig({ env, root })).toThrow(
      /^Only one of WHATSAPP_ARCHIVE_KEY, [A-Z_]+ and [A-Z_]+ may be set\.$/,
    )
  })

  it.each([
    ['WHATSAPP_MCP_OAUTH_ISSUER', 'http://login.example'],
    ['WHATSAPP_MCP_OAUTH_ISSUER', 'https://login.example/?realm=home'],
    ['WHATSAPP_MCP_OAUTH_ISSUER', 'login.example'],
    ['WHATSAPP_MCP_OAUTH_SCOPES', 'read'],
    ['WHATSAPP_MCP_OAUTH_SCOPES', 'write=wa.write'],
    ['WHATSAPP_MCP_OAUTH_SCOPES', 'read=wa.read,read=wa.all'],
    ['WHATSAPP_MCP_OAUTH_SCOPES', 'read=wa"read'],
    ['WHATSAPP_MCP_OAUTH_KEY', 'wma_secret'],
  ])('refuses %s=%s', (name, value) => {
    const env = { WHATSAPP_MCP_OAUTH_ISSUER: 'https://login.example', [name]: value }
    expect(() => readConfig({ env, root })).toThrow(name)
  })

  it('reads which access tokens are accepted', () => {
    const env = {
      WHATSAPP_MCP_OAUTH_ISSUER: 'http://localhost:9000/',
      WHATSAPP_MCP_OAUTH_AUDIENCE: 'bridge',
      WHATSAPP_MCP_OAUTH_SCOPES: 'read=wa.read, admin=wa:all',
    }
    const scopes = new Map([
      ['read', 'wa.read'],
      ['admin', 'wa:all'],
    ])
    const oauth = { issuer: 'http://localhost:9000/', audience: 'bridge', scopes, key: null }
    expect(readConfig({ env, root }).oauth).toEqual(oauth)
  })

  it('takes a flag over the environment, an empty one for the default', () => {
    const env = {
      WHATSAPP_MCP_PORT: 'many',
      WHATSAPP_AUTH_DIR: '/elsewhere',
      WHATSAPP_CHROME_EXECUTABLE: '/c',
    }
    const flags = { WHATSAPP_MCP_PORT: '9000', WHATSAPP_AUTH_DIR: 'here', WHATSAPP_CHROME_EXECUTABLE: '' }
    expect(readConfig({ env, flags, root })).toMatchObject({
      port: 9000,
      authDir: resolve('here'),
      chromeExecutable: '',
    })
  })

  it.each([
    ['WHATSAPP_MCP_PORT', '99999', 'a whole number from 0 to 65535'],
    ['WHATSAPP_MCP_PORT', '80a', 'a whole number from 0 to 65535'],
    ['WHATSAPP_MCP_PORT', '8\n80', 'a whole number from 0 to 65535'],
    ['WHATSAPP_HEADLESS', 'maybe', 'true or false'],
    [
      'WHATSAPP_MEDIA_EAGER_KINDS',
      'image,toString',
      'a list of image, voice, audio, video, document, sticker',
    ],
    ['WHATSAPP_MCP_LOG_LEVEL', 'loud', 'one of debug, info, warn, error, silent'],
  ] as const)('refuses %s=%j in one line with name and what is allowed', (name, value, allowed) => {
    const says = (given: string) =>
      new ConfigError(`The value of ${given} is not allowed. Allowed: ${allowed}.`)
    expect(() => readConfig({ env: { [name]: value }, root })).toThrow(says(name))
    expect(() => readConfig({ env: { [name]: '' }, flags: { [name]: value }, root })).toThrow(
      says(`--${SETTINGS[name].flag}`),
    )
  })

  it('refuses no value of any setting with its text, which may be a secret', () => {
    const secret = 'https://user:wma_the-secret@host\nwma_the-secret'
    for (const name of Object.keys(SETTINGS)) {
      let says = ''
      try {
        readConfig({ env: { [name]: secret }, root })
      } catch (error) {
        says = String(error)
      }
      expect(says, name).not.toContain('the-secret')
    }
  })

  it('refuses a quota of uploads into which the largest upload does not fit', () => {
    const env = { WHATSAPP_MAX_UPLOAD_MIB: '64', WHATSAPP_UPLOAD_QUOTA_MIB: '63' }
    expect(() => readConfig({ env, root })).toThrow(ConfigError)
    expect(readConfig({ env: { ...env, WHATSAPP_UPLOAD_QUOTA_MIB: '64' }, root }).uploadQuotaBytes).toBe(
      2 ** 26,
    )
  })

  it.each(['0.0.0.0', '::', '192.168.1.5', 'example.org', '127.0.0.1.example.org'])(
    'refuses to bind %s, which others can reach',
    (host) => {
      expect(() => readConfig({ env: { WHATSAPP_MCP_HOST: host }, root })).toThrow(ConfigError)
    },
  )

  const key = { WHATSAPP_MCP_KEY: 'x' }
  const named = { WHATSAPP_MCP_ALLOWED_HOSTS: 'wa.example' }
  it.each([
    [{ WHATSAPP_MCP_HOST: '0.0.0.0', ...key }],
    [{ WHATSAPP_MCP_HOST: '0.0.0.0', ...named }],
    [{ WHATSAPP_MCP_HOST: 'example.org', ...key, ...named }],
    [{ WHATSAPP_MCP_PUBLIC_URL: 'wa.example' }],
    [{ WHATSAPP_MCP_PUBLIC_URL: 'https://wa.example/path' }],
    [{ WHATSAPP_MCP_PUBLIC_URL: 'ftp://wa.example' }],
    [{ ...key, WHATSAPP_MCP_KEY_FILE: 'a' }],
  ])('refuses %j', (env) => {
    expect(() => readConfig({ env, root })).toThrow(ConfigError)
  })

  it.each([
    [{}, false],
    [{ WHATSAPP_MCP_ALLOWED_HOSTS: 'localhost, 127.0.0.1, ::1, [::1]:8790, 0:0:0:0:0:0:0:1' }, false],
    [named, true],
    [key, true],
    [{ WHATSAPP_MCP_KEY_FILE: 'a' }, true],
    [{ WHATSAPP_MCP_REQUIRE_KEY: 'true' }, true],
    [{ WHATSAPP_MCP_OAUTH_ISSUER: 'https://login.example/realms/home' }, true],
    [{ WHATSAPP_MCP_PUBLIC_URL: 'https://wa.example' }, true],
    [{ WHATSAPP_MCP_PUBLIC_URL: 'http://localhost:9000' }, true],
    [{ WHATSAPP_MCP_HOST: '0.0.0.0', ...key, ...named }, true],
    [
      {
        WHATSAPP_MCP_HOST: '::',
        WHATSAPP_MCP_REQUIRE_KEY: '1',
        WHATSAPP_MCP_PUBLIC_URL: 'https://a.example/',
      },
      true,
    ],
  ])('from %j, keys are required: %s', (env, keysRequired) => {
    expect(readConfig({ env, root })).toMatchObject({ keysRequired })
  })

  it.each([
    ...['fd00::5', 'FD00::5', '[fd00::5]', '[fd00::5]:8790'],
    ...['fd00:0:0:0:0:0:0:5', 'fd00::0005', '[FD00:0::5]:8790', 'fd00::0.0.0.5'],
  ])('accepts the IPv6 address %s as a Host header has it', (name) => {
    const env = { WHATSAPP_MCP_ALLOWED_HOSTS: `${name}, b.example:80` }
    expect(readConfig({ env, root }).allowedHosts).toEqual(['[fd00::5]', 'b.example'])
  })

  it('accepts the name of the public URL', () => {
    const env = { WHATSAPP_MCP_PUBLIC_URL: 'https://WA.example:8443/' }
    expect(readConfig({ env, root })).toMatchObject({
      publicUrl: 'https://wa.example:8443',
      allowedHosts: ['wa.example'],
    })
  })
})
