/** How much one caller may store to send it: the files that are on the disk, and those that are arriving. */
import type { Clock } from '../clock.ts'
import { fail } from '../errors.ts'

/** A file counts as at least so much: the quota bounds the number of files too. */
const LEAST_BYTES = 64 * 1024

type Stored = { caller: string; sizeBytes: number; expiresAtMs: number }

/** A file that is arriving. */
export type Arriving = {
  /**
   * Counts these further bytes.
   * @throws AppError `uploads_full` with the seconds until a file of this caller expires
   */
  add(bytes: number): void
  /** It is stored, or it is gone. */
  end(): void
}

export type UploadQuota = {
  /** @throws AppError `uploads_full` if a file of `sizeBytes` does not fit; 0: the size is not known */
  begin(caller: string, sizeBytes: number): Arriving
}

/** @param stored all files on the disk */
export function createUploadQuota(
  quotaBytes: number,
  stored: () => Iterable<Stored>,
  clock: Pick<Clock, 'now'>,
): UploadQuota {
  const arriving = new Set<{ caller: string; sizeBytes: number }>()
  const counted = ({ sizeBytes }: { sizeBytes: number }) => Math.max(sizeBytes, LEAST_BYTES)

  function demandRoom(caller: string, more: number): void {
    const own = [...stored()].filter((one) => one.caller === caller)
    const coming = [...arriving].filter((one) => one.caller === caller)
    const used = [...own, ...coming].reduce((sum, one) => sum + counted(one), more)
    if (used <= quotaBytes) return
    const nextMs = Math.min(...own.map(({ expiresAtMs }) => expiresAtMs))
    const retryAfterS = Number.isFinite(nextMs) ? Math.max(1, Math.ceil((nextMs - clock.now()) / 1_000)) : 1
    const mib = Math.floor(quotaBytes / 2 ** 20)
    fail('uploads_full', { detail: `The files of this caller would take more than ${mib} MiB.`, retryAfterS })
  }

  return {
    begin(caller, sizeBytes) {
      demandRoom(caller, counted({ sizeBytes }))
      // Only what has arrived counts: the stated size is not reserved.
      const file = { caller, sizeBytes: 0 }
      arriving.add(file)
      return {
        add(bytes) {
          file.sizeBytes += bytes
          demandRoom(caller, 0)
        },
        end: () => void arriving.delete(file),
      }
    },
  }
}
