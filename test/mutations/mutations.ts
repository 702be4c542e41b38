// biome-ignore-all lint/suspicious/noTemplateCurlyInString: rows quote source as text
/**
 * Faults to switch on by hand, and the test that turns red for each: a promise whose fault leaves every test green is
 * not held by any. `npx tsx test/mutations/try.ts` tries them all; a new promise brings its row.
 */

export type Mutation = {
  /** The fault, as a sentence. */
  name: string
  /** Source file, relative to the repo. */
  file: string
  /** Stands exactly once in that file. */
  find: string
  /** What the fault writes there instead. */
  replace: string
  /** The test file that turns red, and which of its tests (vitest's `-t`; left out: any). */
  test: { file: string; name?: string }
}

const GUARD = 'src/faces/http/guard.ts'
const SAME_USER = 'src/faces/http/same-user.ts'
const SERVER = 'src/faces/http/server.ts'
const QR_PAGE = 'src/faces/http/qr-page.ts'
const MACHINE = 'src/session/machine.ts'
const RECONNECT = 'src/session/reconnect.ts'
const SESSION = 'src/session/session.ts'
const PAIRING = 'src/session/pairing.ts'
const AUTH_DIR = 'src/session/auth-dir.ts'
const DIR_LOCK = 'src/session/dir-lock.ts'
const ENGINE = 'src/engine/wweb/open-engine.ts'
const CLIENT = 'src/engine/wweb/linked-client.ts'
const IN_PAGE = 'src/engine/wweb/in-page.ts'
const SEND = 'src/engine/wweb/send-text.ts'
const CONFIG = 'src/config.ts'
const RUN = 'src/cli/run-server.ts'
const EXIT_CODES = 'src/cli/exit-codes.ts'
const CLI_CLIENT = 'src/cli/client.ts'
const CHECKS = 'src/cli/doctor-checks.ts'

const guard = (name: string) => ({ file: 'test/guard.test.ts', name })
const falls = (name: string) => ({ file: 'test/falls.test.ts', name })
const disk = (name: string) => ({ file: 'test/session-on-disk.test.ts', name })
const cli = (name: string) => ({ file: 'test/cli.test.ts', name })
const commands = (name: string) => ({ file: 'test/cli-commands.test.ts', name })
const doctor = (name: string) => ({ file: 'src/cli/doctor.test.ts', name })
const session = (name: string) => ({ file: 'src/session/session.test.ts', name })
/** The tests of one build lead from a QR to a logout and need each other. */
const LINK = { file: 'test/link.test.ts', name: 'on build 2.3000.1048' }
const LINK_OLD = { file: 'test/link.test.ts', name: 'on build 2.3000.1034' }
const machine = { file: 'src/session/machine.test.ts' }
const reconnect = { file: 'src/session/reconnect.test.ts' }
const sameUser = { file: 'src/faces/http/same-user.test.ts' }
const config = { file: 'src/config.test.ts' }
const log = { file: 'src/log.test.ts' }

export const MUTATIONS: readonly Mutation[] = [
  // Who may call
  {
    name: 'the server forgets to check the Host header',
    file: GUARD,
    find: "if (!isOurName(host, allowedHosts)) fail('forbidden_host')",
    replace: '',
    test: guard('host'),
  },
  {
    name: 'a host passes whose name only begins like ours',
    file: GUARD,
    find: 'isLoopback(name) || allowedHosts.includes(name)',
    replace: "['127.0.0.1', 'localhost', ...allowedHosts].some((own) => name.startsWith(own))",
    test: guard('host'),
  },
  {
    name: 'of two Host headers the first counts',
    file: GUARD,
    find: 'hosts.length !== 1 || ',
    replace: '',
    test: guard('host'),
  },
  {
    name: 'a web page of another origin may call',
    file: GUARD,
    find: "if (origin !== undefined && !isOwnOrigin(origin, host)) fail('forbidden_origin')",
    replace: '',
    test: guard('origin'),
  },
  {
    name: 'a page on another port of this machine counts as ours',
    file: GUARD,
    find: '.host\n  } catch',
    replace: '.host.replace(/:.*/, `:${new URL(origin).port}`)\n  } catch',
    test: guard('origin'),
  },
  {
    name: 'Sec-Fetch-Site is not looked at',
    file: GUARD,
    find: "site === undefined || site === 'same-origin'",
    replace: "true || site === 'same-origin'",
    test: guard('origin'),
  },
  {
    name: 'any route may be reached by a link from another site',
    file: GUARD,
    find: 'NAVIGABLE.has(path) &&',
    replace: '',
    test: guard('origin'),
  },
  {
    name: 'another site may post a form to /qr',
    file: GUARD,
    find: "request.method === 'GET' &&",
    replace: '',
    test: guard('origin'),
  },
  {
    name: 'another site may frame /qr',
    file: GUARD,
    find: " &&\n    request.headers['sec-fetch-dest'] === 'document'",
    replace: '',
    test: guard('origin'),
  },
  {
    name: 'other users of this computer are served',
    file: SERVER,
    find: "if (!ours.has(request.raw.socket)) fail('other_user')",
    replace: '',
    test: { file: 'test/other-user.test.ts' },
  },
  {
    name: 'a caller whose socket has left its process is taken for ours',
    file: SAME_USER,
    find: 'return owner === uid || owner === 0',
    replace: 'return owner === uid || owner === 0 || owner === null',
    test: { file: 'test/other-user.test.ts', name: 'vanishing' },
  },
  {
    name: 'uid 0 with inode 0 is taken for root',
    file: SAME_USER,
    find: " && inode !== '0'",
    replace: '',
    test: sameUser,
  },
  {
    name: 'a socket that is closing is trusted',
    file: SAME_USER,
    find: "LIVE_STATES.has(state ?? '') && ",
    replace: '',
    test: sameUser,
  },
  {
    name: "the server's own end of the connection is looked up",
    file: SAME_USER,
    find: '!local.includes(from) || !remote.includes(to)',
    replace: '!remote.includes(from) || !local.includes(to)',
    test: sameUser,
  },
  {
    name: 'a caller over IPv6-mapped addresses is not found',
    file: SAME_USER,
    find: ", [...Array(10).fill(0), 255, 255, ...bare.split('.').map(Number)]",
    replace: '',
    test: sameUser,
  },
  {
    name: 'a form of a web page is refused only after it was read',
    file: SERVER,
    find: "if (!/^application\\/json\\s*(;|$)/i.test(type ?? ''))",
    replace: 'if (type === undefined)',
    test: guard('body'),
  },
  {
    name: 'a body may be of any size',
    file: SERVER,
    find: 'bodyLimit: MAX_BODY_BYTES',
    replace: 'bodyLimit: 2 ** 40',
    test: guard('announced too large'),
  },
  {
    name: 'a caller may take his time with the headers',
    file: SERVER,
    find: 'const HEADERS_MS = 10_000',
    replace: 'const HEADERS_MS = 25_000',
    test: { file: 'test/slow.test.ts' },
  },
  {
    name: 'an empty body is malformed JSON',
    file: SERVER,
    find: "if (text.trim() === '') return {}",
    replace: '',
    test: guard('takes no body'),
  },
  {
    name: 'unknown fields are ignored',
    file: 'src/operations/messages.ts',
    find: 'input: z.strictObject(',
    replace: 'input: z.object(',
    test: guard('answers'),
  },
  {
    name: 'a failure repeats what was sent',
    file: 'src/operations/invoke.ts',
    find: '{ detail: describe(input.error.issues) }',
    replace: '{ detail: JSON.stringify(rawInput) }',
    test: { file: 'test/secrets.test.ts' },
  },

  // Failures
  {
    name: 'a wrong method looks like an unknown route',
    file: SERVER,
    find: 'if (allowed.length === 0) fail',
    replace: 'fail',
    test: guard('routes'),
  },
  {
    name: 'a 405 comes without Allow',
    file: SERVER,
    find: "if (error.code === 'method_not_allowed') reply",
    replace: "if (error.code === 'internal_error') reply",
    test: guard('routes'),
  },
  {
    name: "the caller's X-Request-Id becomes ours",
    file: SERVER,
    find: 'requestIdHeader: false',
    replace: "requestIdHeader: 'x-request-id'",
    test: guard('routes'),
  },
  {
    name: 'bidi controls of other people reach a terminal',
    file: 'src/json.ts',
    find: '\\u202a-\\u202e',
    replace: '',
    test: { file: 'src/json.test.ts' },
  },

  // The state machine
  {
    name: 'a late ready revives a stopped session',
    file: MACHINE,
    find: "stopped: { start: 'starting',",
    replace: "stopped: { ready: 'ready', start: 'starting',",
    test: machine,
  },
  {
    name: 'a late ready revives a lost session',
    file: MACHINE,
    find: "lost: 'disconnected', back:",
    replace: "ready: 'ready', lost: 'disconnected', back:",
    test: machine,
  },
  {
    name: 'a refused link looks like a stop',
    file: MACHINE,
    find: "refused: 'auth_failure',\n",
    replace: "refused: 'stopped',\n",
    test: machine,
  },
  {
    name: 'a session that only shows a QR can be lost',
    file: MACHINE,
    find: "qr: { qr: 'qr',",
    replace: "qr: { lost: 'disconnected', qr: 'qr',",
    test: machine,
  },
  {
    name: 'a saved link is ready without being loaded',
    file: MACHINE,
    find: "paired: 'authenticated',\n",
    replace: "paired: 'ready',\n",
    test: machine,
  },
  {
    name: 'a session that is being loaded cannot be stopped',
    file: MACHINE,
    find: "authenticated: { ready: 'ready', lost: 'disconnected', stop: 'stopped' }",
    replace: "authenticated: { ready: 'ready', lost: 'disconnected' }",
    test: machine,
  },
  {
    name: 'a ready session is started again',
    file: MACHINE,
    find: "ready: { lost: 'disconnected', stop",
    replace: "ready: { start: 'starting', lost: 'disconnected', stop",
    test: machine,
  },
  {
    name: 'a refused link cannot be tried again',
    file: MACHINE,
    find: "auth_failure: { start: 'starting', ",
    replace: 'auth_failure: { ',
    test: machine,
  },
  {
    name: 'a lost connection that comes back by itself goes unnoticed',
    file: MACHINE,
    find: "back: 'ready', ",
    replace: '',
    test: falls('more than 30 s'),
  },

  // Winning a lost connection back
  {
    name: 'every attempt comes after a second',
    file: RECONNECT,
    find: '(DELAYS_MS[attempts] ?? 60_000)',
    replace: '1_000',
    test: reconnect,
  },
  {
    name: 'attempts go on without an hourly bound',
    file: RECONNECT,
    find: 'oldest === undefined ?',
    replace: 'oldest !== 0 ?',
    test: reconnect,
  },
  {
    name: 'attempts of all servers fall on the same second',
    file: RECONNECT,
    find: '(1 + 0.2 * random())',
    replace: '1',
    test: reconnect,
  },
  {
    name: 'a session that was well waits as long as before',
    file: RECONNECT,
    find: 'attempts = 0\n      conflicts',
    replace: 'conflicts',
    test: reconnect,
  },
  {
    name: 'another browser is fought for ever',
    file: RECONNECT,
    find: "if (cause === 'conflict' && ++conflicts > CONFLICT_TRIES) return null",
    replace: '',
    test: falls('another browser takes the session .* is answered once a minute'),
  },
  {
    name: 'a client that WhatsApp refuses is started again',
    file: SESSION,
    find: "if (end !== 'blocked') scheduleReconnect",
    replace: 'scheduleReconnect',
    test: falls('is never fought'),
  },

  // The session
  {
    name: 'a link is not remembered',
    file: AUTH_DIR,
    find: 'marker = session\n',
    replace: '\n',
    test: LINK,
  },
  {
    name: 'a link is remembered only once it was ready',
    file: SESSION,
    find: 'if (authDir.saved() === null)\n          authDir.save',
    replace: 'if (authDir.path === null)\n          authDir.save',
    test: session('remembers a link'),
  },
  {
    name: 'a removed device is still taken for linked',
    file: SESSION,
    find: 'authDir.unmark()',
    replace: '',
    test: falls('unlinked on the phone .* while connected'),
  },
  {
    name: 'a saved session that is asked for a QR shows one',
    file: SESSION,
    find: "if (authDir.saved() !== null) return onEnded('logged_out', 'The phone no longer lists this device.')",
    replace: '',
    test: session('found unlinked'),
  },
  {
    name: 'a restored profile without our marker is not tried',
    file: SESSION,
    find: 'else if (authDir.hasUnmarkedProfile()) launch(true)',
    replace: '',
    test: disk('only the profile was restored'),
  },
  {
    name: 'the trial of a profile without a link shows a QR to nobody',
    file: SESSION,
    find: "if (onTrial) return finish('stop', 'not_linked')",
    replace: '',
    test: disk('is tried once and closed again'),
  },
  {
    name: 'a person who asks for a QR during a trial gets none',
    file: SESSION,
    find: 'onTrial = false\n    await',
    replace: 'await',
    test: session('during a trial'),
  },
  {
    name: 'a lost connection is not told',
    file: SESSION,
    find: 'connected = false\n      timers.set',
    replace: 'timers.set',
    test: falls('the network goes .* comes back soon'),
  },
  {
    name: 'a session without network stays ready',
    file: SESSION,
    find: 'const OFFLINE_MS = 30_000',
    replace: 'const OFFLINE_MS = 3_000_000',
    test: falls('more than 30 s'),
  },
  {
    name: 'a browser whose network never comes back is kept',
    file: SESSION,
    find: 'RESTART_OFFLINE_MS = 120_000',
    replace: 'RESTART_OFFLINE_MS = 12_000_000',
    test: falls('more than 120 s'),
  },
  {
    name: 'a network that came back is restarted all the same',
    file: SESSION,
    find: "timers.clear('restart')",
    replace: '',
    test: falls('the network goes .* comes back soon'),
  },
  {
    name: 'a network that came back is called lost all the same',
    file: SESSION,
    find: "timers.clear('offline')",
    replace: '',
    test: falls('the network goes .* comes back soon'),
  },
  {
    name: 'a session that was well for five minutes is not well',
    file: SESSION,
    find: "timers.set('well', WELL_AFTER_MS, () => reconnects.reset())",
    replace: '',
    test: session('counts as well'),
  },
  {
    name: 'a page that hangs goes unnoticed',
    file: SESSION,
    find: "if (!responding) return onEnded('not_responding', \"WhatsApp Web's page does not answer.\")",
    replace: '',
    test: falls('or hangs'),
  },
  {
    name: 'a QR that nobody looks at keeps the browser open',
    file: PAIRING,
    find: 'if (isAwaited()) hooks.startAnew()\n    else hooks.expire()',
    replace: 'hooks.startAnew()',
    test: falls('a QR that nobody scans'),
  },
  {
    name: 'looking at the QR does not keep it',
    file: SESSION,
    find: 'touch: () => pairing.touch(),',
    replace: 'touch: () => {},',
    test: session('looks at the QR'),
  },
  {
    name: 'a code without a successor is shown for ever',
    file: PAIRING,
    find: "timers.set('qr', QR_MS, onQrStale)\n    },",
    replace: '},',
    test: falls('a QR that nobody scans'),
  },
  {
    name: 'a pairing code never gives way to a QR',
    file: PAIRING,
    find: "timers.set('code', CODE_MS, onCodeGone)",
    replace: '',
    test: falls('a code that nobody types'),
  },
  {
    name: 'a pairing code is asked for beside a living session',
    file: SESSION,
    find: "if (authDir.saved() !== null) fail('session_exists')",
    replace: '',
    test: falls('beside a saved session'),
  },
  {
    name: 'a passkey that nobody gives is waited for for ever',
    file: PAIRING,
    find: 'headless ? PASSKEY_MS.headless : PASSKEY_MS.visible',
    replace: '2_000_000_000',
    test: falls('a passkey'),
  },
  {
    name: 'a person at a visible window has no longer for the passkey than nobody',
    file: PAIRING,
    find: 'visible: 300_000',
    replace: 'visible: 60_000',
    test: session('a passkey'),
  },
  {
    name: 'late events of an older engine count',
    file: SESSION,
    find: 'isCurrent() && onEvent(event)',
    replace: 'onEvent(event)',
    test: session('an older engine'),
  },
  {
    name: 'logging out does not tell WhatsApp',
    file: SESSION,
    find: 'told = await leaving.logout()',
    replace: 'void leaving',
    test: LINK,
  },
  {
    name: 'a logout closes the browser before WhatsApp is told',
    file: SESSION,
    find: 'told = await leaving.logout()',
    replace: 'await leaving.close()\n        told = await leaving.logout()',
    test: session('logout tells WhatsApp'),
  },
  {
    name: 'a profile is deleted under a running browser',
    file: SESSION,
    find: 'closed = closed.then(() => authDir.removeProfile())',
    replace: 'closed = Promise.all([closed, authDir.removeProfile()]).then(() => {})',
    test: session('logout'),
  },
  {
    name: 'a start is let in while the account is being logged out',
    file: SESSION,
    find: "if (loggingOut !== null) fail('logout_in_progress', { retryAfterS: 5 })",
    replace: '',
    test: falls('logout that WhatsApp never answers'),
  },
  {
    name: 'a second start opens a second browser',
    file: SESSION,
    find: 'if (!isRunning()) {',
    replace: 'if (true) {',
    test: session('asked for twice'),
  },
  {
    name: 'a new browser does not wait for the one before it',
    file: SESSION,
    find: 'closed = closed\n      .then(async () => {',
    replace: 'closed = Promise.resolve()\n      .then(async () => {',
    test: session('waits until the browser'),
  },

  // The engine: keys and sending
  {
    name: 'message keys are not mended on the builds that moved them',
    file: CLIENT,
    find: 'if ((await client.pupPage?.evaluate(mendMessageKeys)) ===',
    replace: 'if (String(mendMessageKeys) ===',
    test: LINK,
  },
  {
    name: 'message keys are rebuilt and not asked, so those to oneself lose their _out',
    file: IN_PAGE,
    find: '_serialized: message.id.toString() } as object',
    replace:
      "_serialized: ['fromMe', 'remote', 'id'].map((part) => String(Reflect.get(message.id, part))).join('_') } as object",
    test: LINK,
  },
  {
    name: 'message keys are mended on the builds that own them too',
    file: IN_PAGE,
    find: "if ('_serialized' in sample) return 'not_needed'",
    replace: '',
    test: LINK_OLD,
  },
  {
    name: 'a read receipt goes out before a message',
    file: SEND,
    find: 'sendSeen: false',
    replace: 'sendSeen: true',
    test: falls('read receipt'),
  },
  {
    name: "the library does not wait for the server's answer",
    file: SEND,
    find: 'waitUntilMsgSent: true }',
    replace: 'waitUntilMsgSent: false }',
    test: falls('sending'),
  },
  {
    name: 'a message that WhatsApp refused counts as sent',
    file: SEND,
    find: "if (ack < 0) fail('send_refused'",
    replace: "if (ack < -9) fail('send_refused'",
    test: falls('that WhatsApp refuses'),
  },
  {
    name: 'a message that went out without a result is not found by its own events',
    file: SEND,
    find: 'return identify(one, message)',
    replace: 'return',
    test: falls('resolves without a message'),
  },
  {
    name: 'a person whom WhatsApp knows by LID is shown by LID',
    file: 'src/engine/wweb/addresses.ts',
    find: "if (lid.endsWith('@lid') && phone.endsWith('@c.us')) phones.set(lid, phone)",
    replace: '',
    test: LINK,
  },
  {
    name: 'a send waits for ever',
    file: SEND,
    find: "withDeadline(clock, 'Sending', limitMs, Promise.race([result, acked]))",
    replace: 'Promise.race([result, acked])',
    test: falls('without any answer'),
  },
  {
    name: 'a send that broke off is called a failure, so it is repeated',
    file: SEND,
    find: "fail('send_outcome_unknown', {\n        detail",
    replace: "fail('whatsapp_error', {\n        detail",
    test: falls('page rejects is unknown'),
  },
  {
    name: 'a number is written to without asking WhatsApp for its address',
    file: 'src/operations/messages.ts',
    find: 'await engine.findNumber(phone_number)',
    replace: 'phoneJid(phone_number)',
    test: LINK,
  },

  // The engine: its life
  {
    name: 'ready is said before messages are heard',
    file: ENGINE,
    find: '|| !saidReady || !listening)',
    replace: '|| !saidReady)',
    test: falls('a page that repeats itself'),
  },
  {
    name: 'a page that reloads is still called connected',
    file: ENGINE,
    find: 'listening = false\n      setConnected(false)',
    replace: '',
    test: falls('reloads three times'),
  },
  {
    name: 'a sync that was done too early is not announced again',
    file: ENGINE,
    find: 'await client.pupPage?.evaluate(announceSynced).catch(() => {})',
    replace: '',
    test: falls('the sync was done before'),
  },
  {
    name: 'a session that never becomes ready is waited for',
    file: ENGINE,
    find: 'const READY_MS = 60_000',
    replace: 'const READY_MS = 6_000_000',
    test: falls('ready that does not come'),
  },
  {
    name: 'a start that hangs is waited for',
    file: ENGINE,
    find: 'const FIRST_RESULT_MS = 90_000',
    replace: 'const FIRST_RESULT_MS = 9_000_000',
    test: falls('that hangs'),
  },
  {
    name: 'a code composed of undefined is shown',
    file: ENGINE,
    find: " || qr.split(',').some(isMissing)",
    replace: '',
    test: falls('without a ref'),
  },
  {
    name: 'a browser that dies goes unnoticed',
    file: ENGINE,
    find: "opened.on('disconnected', () => end('crashed', 'The browser ended unexpectedly.'))",
    replace: '',
    test: falls('the browser dies whole'),
  },
  {
    name: 'a page that crashes goes unnoticed',
    file: ENGINE,
    find: "page.on('error', () => end('crashed', \"WhatsApp Web's page crashed.\"))",
    replace: '',
    test: falls('in its renderer only'),
  },
  {
    name: 'a device that is removed without a navigation goes unnoticed',
    file: ENGINE,
    find: "linked && (meaning === 'unpaired' || meaning === 'idle')",
    replace: "linked && meaning === 'idle'",
    test: falls('while connected, navigate: false'),
  },
  {
    name: 'a session taken by another browser goes unnoticed',
    file: 'src/engine/wweb/translate.ts',
    find: "return 'conflict'",
    replace: "return 'connecting'",
    test: falls('another browser takes the session .* is answered once a minute'),
  },
  {
    name: 'the question for a passkey is not overheard',
    file: CLIENT,
    find: 'await client.pupPage?.evaluate(overhearPasskey)',
    replace: '',
    test: falls('a passkey'),
  },
  {
    name: 'too many pairing codes look like a refusal',
    file: CLIENT,
    find: 'await client.pupPage?.evaluate(namePairingErrors)',
    replace: '',
    test: falls('too many codes'),
  },
  {
    name: 'a logout that WhatsApp never answers never ends',
    file: ENGINE,
    find: "return withDeadline(clock, 'Logging out', LOGOUT_MS, told).catch(() => false)",
    replace: 'return told',
    test: falls('logout that WhatsApp never answers'),
  },
  {
    name: 'a lock of another computer keeps the browser from starting',
    file: 'src/engine/wweb/browser-process.ts',
    find: 'for (const name of SINGLETON_FILES) rmSync(join(profileDir, name), { force: true })',
    replace: '',
    test: disk('another computer left its lock'),
  },
  {
    name: 'a start does not wait for the browser of a killed server',
    file: 'src/engine/wweb/browser-process.ts',
    find: 'if (owner !== null && ',
    replace: 'if (owner === 1 && ',
    test: { file: 'src/engine/wweb/browser-process.test.ts' },
  },
  {
    name: 'a browser of a killed server that resists keeps the profile',
    file: 'src/engine/wweb/browser-process.ts',
    find: "signal(owner, 'SIGKILL')",
    replace: '{}',
    test: { file: 'src/engine/wweb/browser-process.test.ts' },
  },
  {
    name: 'a browser that was still being launched survives the close',
    file: ENGINE,
    find: "await withDeadline(clock, 'Launching', LAUNCH_MS, started).catch(() => {})",
    replace: '',
    test: falls('closed while it is being launched'),
  },
  {
    name: 'a browser that comes up after the close is kept',
    file: ENGINE,
    find: "if (closing !== null || phase === 'over') {",
    replace: 'if (false) {',
    test: falls('closed while it is being launched'),
  },

  // The directory
  {
    name: 'a directory that others can read stays so',
    file: AUTH_DIR,
    find: 'chmodSync(dir, 0o700)',
    replace: '',
    test: disk('tightens what is too open'),
  },
  {
    name: 'the files of a session are readable by others',
    file: AUTH_DIR,
    find: 'writeFileSync(fresh, text, { mode: 0o600 })',
    replace: 'writeFileSync(fresh, text)',
    test: disk('readable by its owner only'),
  },
  {
    name: 'two servers share one directory',
    file: DIR_LOCK,
    find: 'if (started === holder.started) throw new HeldError(holder.pid, null)',
    replace: '',
    test: disk('names the process'),
  },
  {
    name: 'a lock is believed although its number is now another process',
    file: DIR_LOCK,
    find: 'if (started === holder.started) throw',
    replace: 'throw',
    test: disk('takes over the lock'),
  },
  {
    name: 'a lock that another computer left is believed for ever',
    file: DIR_LOCK,
    find: 'if (Date.now() - seen > STALE_MS) return',
    replace: 'if (Date.now() - seen > STALE_MS) throw new HeldError(holder.pid, null)',
    test: disk('takes over the lock'),
  },
  {
    name: 'a directory that a server of another computer uses is taken',
    file: DIR_LOCK,
    find: 'if (touchedAt(file) !== seen) throw',
    replace: 'if (touchedAt(file) === 0) throw',
    test: disk('shows life'),
  },
  {
    name: 'a shared directory is closed to those who use it',
    file: AUTH_DIR,
    find: 'makePrivate(path, log, holdsOnlyOurs)',
    replace: 'makePrivate(path, log)',
    test: disk('holds other things'),
  },
  {
    name: 'a removal that was interrupted is never finished',
    file: AUTH_DIR,
    find: 'if (name.startsWith(`${PROFILE}.removed-`))',
    replace: 'if (name.startsWith(`${PROFILE}.never-`))',
    test: disk('finishes a removal'),
  },

  // Settings, log, program
  {
    name: 'the server binds an address that others can reach',
    file: CONFIG,
    find: 'isLoopback,\n',
    replace: '() => true,\n',
    test: config,
  },
  {
    name: 'whatever begins with 127. is loopback',
    file: CONFIG,
    find: '/^127(\\.(25[0-5]|2[0-4]\\d|1?\\d?\\d)){3}$/.test(host)',
    replace: "host.startsWith('127.')",
    test: config,
  },
  {
    name: 'the log names who wrote',
    file: 'src/session/inbox.ts',
    find: '{ chat: hash(chat), group',
    replace: '{ chat, group',
    test: LINK,
  },
  {
    name: "the log repeats what an error's text says of people",
    file: 'src/log.ts',
    find: "return text.replace(/\\d{5,}(@[\\w.]+)?/g, '…')",
    replace: 'return text',
    test: log,
  },
  {
    name: 'a line of the log can steer the terminal',
    file: 'src/log.ts',
    find: 'return toJson(text).slice(1, -1)',
    replace: 'return text',
    test: log,
  },
  {
    name: 'a hang-up of the terminal kills the program',
    file: RUN,
    find: "['SIGINT', 'SIGTERM', 'SIGHUP']",
    replace: "['SIGINT', 'SIGTERM']",
    test: cli('SIGHUP while ready'),
  },
  {
    name: 'a second signal does not end the program',
    file: RUN,
    find: 'if (asked) process.exit(EXIT.failed)',
    replace: 'if (asked) return',
    test: cli('second signal'),
  },
  {
    name: 'the lock stays when the program ends',
    file: 'src/app.ts',
    find: 'authDir.release()\n',
    replace: '\n',
    test: cli('SIGTERM while ready'),
  },
  {
    name: 'a directory in use ends the program with another code',
    file: EXIT_CODES,
    find: 'directory: 3',
    replace: 'directory: 1',
    test: cli('directory in use'),
  },
  {
    name: 'a taken port ends the program with another code',
    file: EXIT_CODES,
    find: 'port: 4',
    replace: 'port: 1',
    test: cli('taken port'),
  },
  {
    name: 'a wrong setting ends the program with another code',
    file: EXIT_CODES,
    find: 'wrongSetting: 2',
    replace: 'wrongSetting: 1',
    test: cli('ends with code'),
  },
  {
    name: '.env wins over the environment',
    file: CONFIG,
    find: '{ ...fromFile, ...process.env }',
    replace: '{ ...process.env, ...fromFile }',
    test: cli('reads .env'),
  },
  {
    name: "the sandbox touches the real server's directory",
    file: 'src/cli/sandbox.ts',
    find: 'WHATSAPP_AUTH_DIR: dir,',
    replace: 'WHATSAPP_AUTH_DIR: process.env.WHATSAPP_AUTH_DIR ?? dir,',
    test: cli('sandbox links'),
  },

  // Commands
  {
    name: 'the environment wins over a flag',
    file: CONFIG,
    find: 'return fromFlag === undefined ?',
    replace: 'return fromFlag === undefined || env[name] ?',
    test: config,
  },
  {
    name: 'a forgotten value swallows the next flag',
    file: 'src/cli/arguments.ts',
    find: "(!token.inlineValue && value.startsWith('--'))",
    replace: 'false',
    test: { file: 'src/cli/arguments.test.ts' },
  },
  {
    name: 'status loads the server',
    file: 'src/cli/status.ts',
    find: "import { EXIT } from './exit-codes.ts'",
    replace: "import { EXIT } from './exit-codes.ts'\nimport './run-server.ts'",
    test: commands('status loads neither'),
  },
  {
    name: 'a Node that is too old loads what it does not know',
    file: 'src/cli/main.ts',
    find: "import { isNodeSupported, oldNode } from '../version.ts'",
    replace: "import { isNodeSupported, oldNode } from '../version.ts'\nimport '../config.ts'",
    test: commands('too old'),
  },
  {
    name: 'a connection that breaks off counts as no server',
    file: CLI_CLIENT,
    find: 'code !== null && BEFORE_SENT.has(code)',
    replace: 'code !== null',
    test: commands('breaks off'),
  },
  {
    name: 'a send of unknown outcome looks like any failure',
    file: 'src/cli/command-line.ts',
    find: "retry === 'check_first'",
    replace: "retry === 'never'",
    test: commands('what may have happened'),
  },
  {
    name: 'logout does not ask where nobody can answer',
    file: 'src/cli/logout.ts',
    find: 'if (!yes) {',
    replace: 'if (!yes && canAsk()) {',
    test: commands('without a terminal'),
  },
  {
    name: 'logout takes anything for a yes',
    file: 'src/cli/terminal.ts',
    find: '/^y(es)?$/i',
    replace: '/./',
    test: commands('asks on a terminal'),
  },
  {
    name: 'a state from before the start ends auth',
    file: 'src/cli/auth.ts',
    find: 'const begun = begin.answer\n',
    replace: 'const begun = begin.answer ?? { code: null }\n',
    test: commands('auth shows the code'),
  },
  {
    name: 'the linked sandbox speaks before it is ready',
    file: 'src/cli/sandbox.ts',
    find: "now.state !== 'ready' && Date.now() < until",
    replace: 'false',
    test: commands('is ready when it speaks'),
  },
  {
    name: 'text is what curl gets for a QR code',
    file: 'src/faces/http/accept.ts',
    find: "quality(accept, 'text/plain') > quality",
    replace: "quality(accept, 'text/plain') >= quality",
    test: { file: 'src/faces/http/accept.test.ts' },
  },
  {
    name: 'the QR code for terminals is drawn the wrong way round',
    file: 'src/faces/http/qr-text.ts',
    find: "color: { dark: '#ffffff', light: '#000000' },",
    replace: '',
    test: { file: 'src/faces/http/qr-text.test.ts' },
  },
  {
    name: 'doctor takes the lock of another computer for a running server',
    file: DIR_LOCK,
    find: '    : isTouched\n',
    replace: '    : true\n',
    test: doctor('stale lock'),
  },
  {
    name: 'doctor does not see a second server',
    file: CHECKS,
    find: 'if (!held.isLive) {',
    replace: 'if (held.host === null) {',
    test: doctor('second server'),
  },
  {
    name: 'doctor takes any server for the one of this directory',
    file: CHECKS,
    find: ' && answering.status.auth_dir === authDir',
    replace: '',
    test: commands('tells the port of another'),
  },
  {
    name: 'doctor finds nothing wrong with permissions',
    file: CHECKS,
    find: '(found.mode & 0o077) !== 0',
    replace: 'false',
    test: doctor('too open'),
  },
  {
    name: 'doctor overlooks a full disk',
    file: CHECKS,
    find: 'bytes < TOO_LITTLE_BYTES',
    replace: 'bytes < 0',
    test: doctor('nearly full'),
  },
  {
    name: 'doctor stops at the first check that fails itself',
    file: 'src/cli/doctor.ts',
    find: '} catch (error) {\n        return {',
    replace: '} catch (error) {\n        if (name) throw error\n        return {',
    test: doctor('fails itself'),
  },

  // The QR page
  {
    name: 'the QR page may be framed',
    file: QR_PAGE,
    find: "'x-frame-options': 'DENY',",
    replace: '',
    test: LINK,
  },
  {
    name: 'the QR page may be kept by the browser',
    file: QR_PAGE,
    find: "'cache-control': 'no-store',",
    replace: '',
    test: LINK,
  },
  {
    name: 'the QR page has no content security policy',
    file: QR_PAGE,
    find: "'content-security-policy': POLICY,",
    replace: '',
    test: LINK,
  },
  {
    name: 'the QR page runs a script',
    file: QR_PAGE,
    find: '</body>',
    replace: '<script>0</script></body>',
    test: LINK,
  },
  {
    name: 'a name with markup in it becomes part of the QR page',
    file: QR_PAGE,
    find: 'return text.replace(/[&<>"\']/g, (char) => `&#${char.charCodeAt(0)};`)',
    replace: 'return text',
    test: { file: 'src/faces/http/qr-page.test.ts' },
  },

  // The archive
  {
    name: 'history goes to the end of its second',
    file: 'src/session/record-messages.ts',
    find: '      right === null\n        ? []',
    replace: '      right !== null || left !== null || true\n        ? []',
    test: { file: 'src/session/record.test.ts', name: 'goes before what it precedes' },
  },
  {
    name: 'a deleted message comes back with an older copy',
    file: 'src/session/record-messages.ts',
    find: "if (row.type !== 'revoked') {",
    replace: "if (row.type !== 'never') {",
    test: { file: 'src/session/record.test.ts', name: 'to deleted stays' },
  },
  {
    name: 'an ack falls',
    file: 'src/session/record-messages.ts',
    find: '(ack >= 0 && ack < row.ack) ||',
    replace: '',
    test: { file: 'src/session/record.test.ts', name: 'only goes forward' },
  },
  {
    name: 'a live message counts a chat as complete that was not looked through',
    file: 'src/session/inbox.ts',
    find: 'newest !== null && caughtUp.has(chat)',
    replace: 'newest !== null',
    test: { file: 'src/session/record.test.ts', name: 'and not before' },
  },
  {
    name: 'a doubt during a look is forgotten',
    file: 'src/session/inbox.ts',
    find: 'if (look?.doubts === doubts) caughtUp.add(id)',
    replace: 'if (look !== null) caughtUp.add(id)',
    test: { file: 'src/session/record.test.ts', name: 'does not hold for a look' },
  },
  {
    name: 'one event that cannot be written costs its batch',
    file: 'src/session/inbox.ts',
    find: '          store.transaction(() => write(event))',
    replace: '          throw error',
    test: { file: 'src/session/record.test.ts', name: 'does not cost the others' },
  },
  {
    name: 'a page on its way lands in the chat that had the number',
    file: 'src/session/inbox.ts',
    find: 'messages.record(store.chats.currentId(chat), seen, originOf, before)',
    replace: 'messages.record(chat, seen, originOf, before)',
    test: { file: 'src/session/record.test.ts', name: 'the page goes where the person is' },
  },
  {
    name: 'merging drops what was known to be missing',
    file: 'src/store/merge.ts',
    find: 'moveGaps.run(into, from)',
    replace: 'void moveGaps',
    test: { file: 'src/session/record.test.ts', name: 'keeps the gaps of both' },
  },
  {
    name: "merging takes one half's word for both",
    file: 'src/store/merge.ts',
    find: 'places.includes(null) ? null : Math.min(...places.map(Number))',
    replace: 'Math.max(...places.map(Number))',
    test: { file: 'src/session/record.test.ts', name: 'complete only where both were' },
  },
  {
    name: 'an archive with unread chats is called complete',
    file: 'src/session/catch-up.ts',
    find: 'if (unread.length === 0) {',
    replace: 'if (unread.length >= 0) {',
    test: { file: 'src/session/catch-up.test.ts', name: 'cannot be read' },
  },
  {
    name: 'a history that ends too early leaves no gap',
    file: 'src/session/catch-up.ts',
    find: 'if (!isMet && (before ?? oldest) !== null)',
    replace: 'if (!isMet && before === -1)',
    test: { file: 'src/session/catch-up.test.ts', name: 'holds less than is known' },
  },
  {
    name: 'gaps wait for the budget of the history',
    file: 'src/session/history.ts',
    find: 'while (nextGap(store.chats.currentId(chat.id)) !== undefined && !isOver())',
    replace: 'while (budget.perChat > 1_000_000 && !isOver())',
    test: { file: 'src/session/catch-up.test.ts', name: 'whatever the budget' },
  },
  {
    name: 'loading earlier goes in circles',
    file: 'src/session/history.ts',
    find: 'const isOver = page.end || !hasMoved',
    replace: 'const isOver = page.end',
    test: { file: 'src/session/catch-up.test.ts', name: 'in circles' },
  },
  {
    name: 'a silent message is not looked for',
    file: 'src/session/inbox.ts',
    find: '    caughtUp.delete(chat)\n    onUnheard(chat)',
    replace: '    caughtUp.delete(chat)',
    test: { file: 'src/session/catch-up.test.ts', name: 'nobody was told of' },
  },
  {
    name: 'whatever is not listed was deleted',
    file: 'src/session/catch-up.ts',
    find: 'if (gone.length * 2 > present.length) return',
    replace: '',
    test: { file: 'src/session/catch-up.test.ts', name: 'not believed' },
  },
  {
    name: 'a cut-off archive is opened',
    file: 'src/store/open-file.ts',
    find: 'if (size < pageSize * pages && !hasLog)',
    replace: 'if (size < 0)',
    test: { file: 'src/store/open-file.test.ts', name: 'too early' },
  },
  {
    name: 'a copy is trusted like the original',
    file: 'src/store/open-file.ts',
    find: "const pragma = isOurs ? 'quick_check' : 'integrity_check'",
    replace: "const pragma = 'quick_check'",
    test: { file: 'src/store/open-file.test.ts', name: 'copied while it is written' },
  },
  {
    name: 'a newer archive is opened',
    file: 'src/store/open-file.ts',
    find: 'if (version > newest) {',
    replace: 'if (version > newest + 1_000) {',
    test: { file: 'src/store/open-file.test.ts', name: 'newer version' },
  },
  {
    name: "another program's file is taken over",
    file: 'src/store/open-file.ts',
    find: "if (header.readUInt32BE(68) !== APPLICATION_ID) fail('archive_foreign')",
    replace: '',
    test: { file: 'src/store/open-file.test.ts', name: 'foreign' },
  },
  {
    name: 'a connection that comes back is not looked through',
    file: 'src/session/archive.ts',
    find: '      opened?.inbox.doubt()\n      catchUp?.run()',
    replace: '      opened?.inbox.doubt()',
    test: { file: 'test/archive.test.ts', name: 'connection was lost' },
  },

  // The rooms, and the witness
  {
    name: 'the session imports the browser library itself',
    file: SESSION,
    find: "import { nextStep } from './next-step.ts'",
    replace: "import { nextStep } from './next-step.ts'\nimport 'puppeteer'",
    test: { file: 'test/arrows.test.ts' },
  },
  {
    name: 'the double keeps keys in _serialized on every build',
    file: 'simulator/page/msg-key.ts',
    find: "build.msgKeyField === '$1' ? MinifiedKey : OwnSerializedKey",
    replace: 'build.msgKeyField ? OwnSerializedKey : MinifiedKey',
    test: { file: 'simulator/simulator.test.ts', name: 'a \\$1 build' },
  },
  {
    name: "the double's keys to oneself do not end in _out",
    file: 'simulator/page/msg-key.ts',
    find: 'participant && String(participant), self]',
    replace: 'participant && String(participant)]',
    test: { file: 'simulator/simulator.test.ts', name: 'a build whose keys own' },
  },
  {
    name: "the double's phone may be used by other web pages",
    file: 'simulator/control/guard.ts',
    find: 'if (headers.origin !== undefined &&',
    replace: 'if (headers.origin === undefined &&',
    test: { file: 'simulator/control/control.test.ts', name: 'other web pages' },
  },
]
