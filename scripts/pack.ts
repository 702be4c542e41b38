/** Packs dist/ unchanged and installs the package in another folder, as users do. For tests and measurements. */
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { npmScript } from './setup/packages.mjs'

const ROOT = resolve(import.meta.dirname, '..')

/** npm failed. `offline`: no registry could be reached, so the failure is not a fault of the package. */
export class NpmError extends Error {
  readonly offline: boolean

  constructor(output: string) {
    super(output)
    this.offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED/.test(output)
  }
}

/** Packs without building. Resolves with the absolute path of the archive, in `folder`. */
export async function packInto(folder: string): Promise<string> {
  await npm(['pack', '--ignore-scripts', '--pack-destination', folder], ROOT)
  const name = readdirSync(folder).find((file) => file.endsWith('.tgz'))
  if (name === undefined) throw new Error('npm pack made no archive')
  return join(folder, name)
}

/** Runs `npm install <archive>` without development packages; `flags` are additional flags of npm. */
export async function installInto(folder: string, archive: string, flags: string[] = []): Promise<void> {
  // --prefix: install into this folder, whichever npm started this process.
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
  // The registry has today's certificate, also for a test that runs on another day.
  const env = { ...process.env, LD_PRELOAD: '' }
  try {
    await promisify(execFile)(process.execPath, [npmScript(), ...args], {
      cwd,
      env,
      maxBuffer: 16 * 1024 * 1024,
    })
  } catch (error) {
    throw new NpmError(error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error))
  }
}
