/** The package as users get it: packed from dist/ as it is, and installed somewhere else. For tests and figures. */
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { npmScript } from './setup/packages.mjs'

const ROOT = resolve(import.meta.dirname, '..')

/** npm failed. `offline`: because no registry could be reached, which says nothing about the package. */
export class NpmError extends Error {
  readonly offline: boolean

  constructor(output: string) {
    super(output)
    this.offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED/.test(output)
  }
}

/** Packs without building; the absolute path of the archive, in `folder`. */
export async function packInto(folder: string): Promise<string> {
  await npm(['pack', '--ignore-scripts', '--pack-destination', folder], ROOT)
  const name = readdirSync(folder).find((file) => file.endsWith('.tgz'))
  if (name === undefined) throw new Error('npm pack made no archive')
  return join(folder, name)
}

/** `npm install <archive>` without development packages; `flags` are further ones of npm. */
export async function installInto(folder: string, archive: string, flags: string[] = []): Promise<void> {
  // --prefix: whatever npm started us, it is this folder that is meant.
  await npm(
    [
      'install',
      archive,
      '--prefix',
      folder,
      '--omit=dev',
      '--no-audit',
      '--no-fund',
      '--prefer-offline',
      ...flags,
    ],
    folder,
  )
}

async function npm(args: string[], cwd: string): Promise<void> {
  try {
    await promisify(execFile)(process.execPath, [npmScript(), ...args], { cwd, maxBuffer: 16 * 1024 * 1024 })
  } catch (error) {
    throw new NpmError(error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error))
  }
}
