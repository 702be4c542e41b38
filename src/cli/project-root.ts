/** Where this program lies, wherever the command was typed. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder with our package.json: one above the bundle, two above the source. */
export function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(`${folder}/package.json`) && dirname(folder) !== folder) folder = dirname(folder)
  return folder
}

/** The program as it is built, for whoever starts it anew. */
export function mainScript(): string {
  return join(projectRoot(), 'dist', 'main.js')
}
