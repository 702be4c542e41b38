/**
 * Makes folders, one after the other. Not by Node's `recursive`: where the system says that there is no such file although
 * the folder above is there, as in /proc, Node 20 tries again for ever (nodejs/node, src/node_file.cc, MKDirpSync).
 */
import { mkdirSync, type Stats, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * The folder is there afterwards, with those above it; one that is there already stays as it is.
 * @param mode of those that are made, less the umask
 * @throws the operating system's error where one cannot be made, or where something else is in the way
 */
export function makeFolder(path: string, mode = 0o777): void {
  const missing: string[] = []
  let place = resolve(path)
  while (find(place) === undefined && dirname(place) !== place) {
    missing.unshift(place)
    place = dirname(place)
  }
  // Where nothing is missing, something else than a folder may stand there.
  for (const folder of missing.length > 0 ? missing : [place]) makeOne(folder, mode)
}

function makeOne(folder: string, mode: number): void {
  try {
    mkdirSync(folder, { mode })
  } catch (error) {
    // Another process was quicker, or it has been there all the time.
    if (find(folder)?.isDirectory() !== true) throw error
  }
}

/** What is there; undefined where nothing is, or where something that holds nothing stands above it. */
function find(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') return undefined
    throw error
  }
}
