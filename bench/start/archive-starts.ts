/** Until the built server listens, on a large archive: after it was closed, killed or copied. */
import { copyFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { placesIn } from '../../src/session/auth-dir.ts'
import { measureRecording } from '../archive/recording.ts'
import { type Contestant, startContestant } from './contestants.ts'

/** What happened to the archive before the start. */
export const BEFORE = ['closed', 'killed', 'copied'] as const

/** ms, of each round. `checked`: from the start of the process; of a closed archive that would take a minute. */
export type ArchiveStart = { before: (typeof BEFORE)[number]; listening: number[]; checked: number[] }

const ACCOUNT = '15550001000'

/** @param folder an empty one; its archive gets `messages` messages in 5,000 chats */
export async function measureArchiveStarts(
  folder: string,
  options: { messages: number; rounds: number; browser: string },
): Promise<ArchiveStart[]> {
  const authDir = join(folder, 'session')
  const { own } = placesIn(authDir)
  const file = join(own, 'archives', `${ACCOUNT}.db`)
  mkdirSync(own, { recursive: true, mode: 0o700 })
  measureRecording(file, { count: options.messages, chats: 5_000, secret: null })
  writeFileSync(join(own, 'account.json'), `{"wid":"${ACCOUNT}@c.us"}\n`, { mode: 0o600 })
  const start = () => startContestant('ours', { authDir, browser: options.browser, cwd: folder })
  const kill = (server: Contestant) => server.child.end((process) => process.kill('SIGKILL'))
  const results: ArchiveStart[] = []
  for (const before of BEFORE) {
    const result: ArchiveStart = { before, listening: [], checked: [] }
    results.push(result)
    for (let round = 0; round < options.rounds; round += 1) {
      const last = start()
      await last.up()
      await (before === 'killed' ? kill(last) : last.end())
      if (before === 'copied') {
        copyFileSync(file, `${file}.copy`)
        renameSync(`${file}.copy`, file)
      }
      const server = start()
      const { startedAt } = server.child
      result.listening.push((await server.up()) - startedAt)
      if (before !== 'closed') {
        const { at } = await server.child.until(({ msg }) => msg === 'the archive was checked')
        result.checked.push(at - startedAt)
      }
      await server.end()
    }
  }
  return results
}
