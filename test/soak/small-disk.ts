/** A disk that can be filled: a small tmpfs, which only root on Linux may mount. */
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const CHUNK_BYTES = 1024 * 1024

export type SmallDisk = {
  path: string
  /** Fill it up, but for about so many bytes. Whoever else writes there may be quicker: never throws for want of space. */
  fill(leaveBytes?: number): void
  /** Give the space back. */
  free(): void
  /** Unmount; nothing may use it any more. */
  close(): void
}

/** A disk of this size at this empty folder, or the reason in words why there can be none here. */
export function openSmallDisk(
  megabytes: number,
  path: string = mkdtempSync(join(tmpdir(), 'wma-disk-')),
): SmallDisk | string {
  if (process.platform !== 'linux') return 'a small disk can only be mounted on Linux'
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'tmpfs', path], {
      stdio: 'pipe',
    })
  } catch (error) {
    rmdirSync(path)
    return `a small disk cannot be mounted here: ${error instanceof Error ? error.message.trim() : error}`
  }
  const ballast = join(path, 'ballast')
  const spaceLeft = () => {
    const { bavail, bsize } = statfsSync(path)
    return bavail * bsize
  }
  return {
    path,
    fill(leaveBytes = 0) {
      // Otherwise the space that is taken stays so: filling a full disk again is quick.
      if (spaceLeft() < leaveBytes) writeFileSync(ballast, '')
      try {
        for (let left = spaceLeft(); left > leaveBytes; left = spaceLeft()) {
          appendFileSync(ballast, Buffer.alloc(Math.min(left - leaveBytes, CHUNK_BYTES)))
        }
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
      }
    },
    free: () => rmSync(ballast, { force: true }),
    close() {
      // Lazily: a browser that is just ending may still hold a file.
      execFileSync('umount', ['-l', path])
      rmdirSync(path)
    },
  }
}
