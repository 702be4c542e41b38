/** Finds the folder of this program, independent of the working directory. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Returns the folder of our package.json: one above the bundle, two above the source. */
export function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(`${folder}/package.json`) && dirname(folder) !== folder) folder = dirname(folder)
  return folder
}

/** Returns the path of the built program, to start it again. */
export function mainScript(): string {
  return join(projectRoot(), 'dist', 'main.js')
}
