/** The doctor's check of the keys in the settings. */
import { KeyError, readAccessKey, readArchiveKey } from '../archive-key.ts'
import { ok, problem, type Situation, type Verdict, warning } from './doctor-check.ts'
import { quote } from './words.ts'

/** Checks that the keys can be used, and that only their owner can read their files. Changes no file, and runs no key command. */
export async function checkKeys({ config, machine }: Situation): Promise<Verdict> {
  const { archiveKey, accessKey } = config
  const sources = [archiveKey, accessKey].filter((source) => source !== null && !('command' in source))
  if (sources.length === 0) return ok('The settings name no key to read.')
  try {
    await readArchiveKey(archiveKey !== null && 'command' in archiveKey ? null : archiveKey, null)
    readAccessKey(accessKey, null)
  } catch (error) {
    if (error instanceof KeyError) return problem(error.message, error.hint)
    throw error
  }
  const open: string[] = []
  for (const source of sources) {
    if (source === null || !('file' in source)) continue
    const found = await machine.stat(source.file)
    if (found !== null && found.uid === machine.uid && (found.mode & 0o077) !== 0) open.push(source.file)
  }
  if (open.length === 0) return ok('The keys can be used.')
  return warning(
    `Other users of this computer can read ${open.join(', ')}.`,
    `Run: chmod 600 ${open.map((file) => quote(file, machine.platform)).join(' ')} (the next start does this too)`,
  )
}
