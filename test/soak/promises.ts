/** What this server promises, and the command that measures it. docs/promises.md follows from this table and from docs/measured.json. */

export type Promised = {
  id: string
  /** What is true, as one sentence. */
  promise: string
  /** The command that measures it, as a user types it. */
  command: string
}

const test = (...files: string[]) => `npm test -- ${files.map((file) => `test/${file}.test.ts`).join(' ')}`

/** In the order of their numbers. Those that need a real account are in docs/promises.md, as a list for its owner. */
export const PROMISES: readonly Promised[] = [
  {
    id: 'G1, G2',
    promise:
      '10,000 messages through 20 killed browsers and 20 killed servers: none is lost, doubled or out of order in its chat, and no browser is left.',
    command: 'npm run soak -- kills',
  },
  {
    id: 'G3',
    promise: 'After `kill -9` at any step, the server is ready again without a QR code.',
    command: 'npm run soak -- points',
  },
  {
    id: 'G4',
    promise:
      '1,000 sends, each repeated three times with its idempotency key, through 20 kills: at most one delivery each, every answer true, at most 1 % unknown.',
    command: 'npm run soak -- sends',
  },
  {
    id: 'G5',
    promise:
      'A dead browser or page shows within 2 s, a page that hangs within 45 s, a lost network within 35 s.',
    command: 'npm run soak -- faults --only ready',
  },
  {
    id: 'G6',
    promise: 'A killed browser is ready again within 5 s (p50) and 15 s (p95), in 100 kills.',
    command: 'npm run soak -- faults --only "browser killed ready" --times 100',
  },
  {
    id: 'G7',
    promise: 'Every fault in every state ends in the documented state; the process does not end.',
    command: 'npm run soak -- faults',
  },
  {
    id: 'G8',
    promise: 'In all seven states every operation answers in time, and none with 500.',
    command: test('states'),
  },
  {
    id: 'G9',
    promise: '100,000 malformed requests: each gets a published code, and none a 5xx.',
    command: 'npm run soak -- malformed',
  },
  {
    id: 'G10',
    promise:
      'After a logout in any state, nothing of the profile is on disk, and the account can be linked again for good: 56 of 56.',
    command: 'npm run soak -- faults --only "logged out" --times 7',
  },
  {
    id: 'G11',
    promise:
      'SIGTERM, SIGINT and SIGHUP end the server in any state within 20 s, with 0, and without a browser or its lock left.',
    command: 'npm run soak -- faults --only "ended by"',
  },
  {
    id: 'G12',
    promise:
      'In 8 idle hours, the heap of the server grows by less than 1 MB an hour, and the server uses less than 200 MB.',
    command: 'npm run soak -- idle',
  },
  {
    id: 'G13',
    promise:
      'Through 200 stops and starts of the session, handles, open files and temporary files do not grow.',
    command: 'npm run soak -- cycles',
  },
  {
    id: 'G14',
    promise: 'With 100,000 messages, lists answer within 200 ms, messages within 150 ms (p95).',
    command: 'npm run bench -- --all',
  },
  {
    id: 'G15',
    promise:
      'The status answers within 100 ms while a file of 16 MiB goes out or comes in; `npm run bench media` has 64 MiB.',
    command: test('media-weight'),
  },
  {
    id: 'G16',
    promise:
      'Webhooks: each of 10,000 events is delivered at least once, in the order of its chat, through 20 kills of the server, to a receiver that refuses requests and is away now and then.',
    command: 'npm run soak -- hooks',
  },
  {
    id: 'G17',
    promise: 'A full disk damages nothing, is reported, and is recovered from.',
    command: test('disk-full'),
  },
  {
    id: 'G18',
    promise: 'A torn or damaged database opens, or is refused with a named code.',
    command: test('wounded-archive', 'control'),
  },
  {
    id: 'G19',
    promise: 'Each request of the table of threats gets exactly its answer.',
    command: test('threats'),
  },
  { id: 'G20', promise: 'No test secret is in logs, errors or command lines.', command: test('secrets') },
  {
    id: 'G21',
    promise: 'After the computer slept, the session is ready within 60 s, without a QR code.',
    command: 'npm run soak -- faults --only asleep',
  },
  {
    id: 'G22',
    promise: 'Databases of every released version open; newer ones are refused and left as they are.',
    command: test('control'),
  },
]
