/**
 * Creates folders one by one. Does not use Node's `recursive`: if the system reports a missing file although the parent
 * exists, as in /proc, Node 20 retries forever (nodejs/node, src/node_file.cc, MKDirpSync).
 */
import { mkdirSync, type Stats, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Creates the folder and its missing parents. An existing folder stays unchanged.
 * @param mode of the created folders, less the umask
 * @throws the operating system's error if a folder cannot be created, or if the path is not a folder
 */
export function makeFolder(path: string, mode = 0o777): void {
  const missing: string[] = []
  let place = resolve(path)
  while (find(place) === undefined && dirname(place) !== place) {
    missing.unshift(place)
    place = dirname(place)
  }
  // If nothing is missing, the path may exist but not be a folder.
  for (const folder of missing.length > 0 ? missing : [place]) makeOne(folder, mode)
}

function makeOne(folder: string, mode: number): void {
  try {
    mkdirSync(folder, { mode })
  } catch (error) {
    // The folder existed already, or another process created it first.
    if (find(folder)?.isDirectory() !== true) throw error
  }
}

/** Returns the facts about a path; undefined if nothing exists there. */
function find(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false })
}
