/** What a directory remembers of a link: the marker of a saved session, and the profile. */
import type { Clock } from '../clock.ts'
import type { AccountDir } from './account-dir.ts'

/** With less, Chromium writes no databases. */
const LEAST_FREE_BYTES = 16 * 2 ** 20

export type Link = {
  /** True if a session is saved. */
  isSaved(): boolean
  /** When this device was linked, ISO 8601; null: no session is saved. */
  linkedAt(): string | null
  /** The phone accepted this device: writes the marker. */
  remember(): void
  /** This account is connected: stores it, and removes a profile that was set aside. */
  confirm(wid: string): void
  /**
   * The device is no longer linked: removes the marker. Returns what removes the profile, or sets it aside if it must outlive
   * its session; call it when no browser uses the profile.
   */
  forget(): () => Promise<void>
  /**
   * Call it when a saved session shows a QR code: the phone no longer lists the device, or the browser could not read its
   * profile. Returns, for people, why it may be the latter. Null: the link has ended, and the next {@link Link.forget} sets
   * the profile aside until another link succeeds.
   */
  uncertainty(): string | null
}

export function createLink(dir: AccountDir, clock: Clock): Link {
  /** The profile outlives the end of its session. */
  let keepsProfile = false
  const now = () => new Date(clock.now()).toISOString()
  return {
    isSaved: () => dir.saved() !== null,
    linkedAt: () => dir.saved()?.linked_at ?? null,
    remember() {
      if (dir.saved() === null) dir.save({ linked_at: now(), wid: null })
    },
    confirm(wid) {
      const saved = dir.saved()
      if (saved?.wid !== wid) dir.save({ linked_at: saved?.linked_at ?? now(), wid })
      void dir.dropAside()
    },
    forget() {
      dir.unmark()
      const isKept = keepsProfile
      keepsProfile = false
      return async () => {
        if (!isKept || dir.setProfileAside() === null) await dir.removeProfile()
      }
    },
    uncertainty() {
      const free = dir.freeBytes()
      if (free < LEAST_FREE_BYTES)
        return `WhatsApp Web asks for a new link, but the disk of ${dir.path} is full (${Math.floor(free / 2 ** 20)} MiB are free), so the browser may not have read its profile. Free disk space; the server tries again.`
      keepsProfile = true
      return null
    },
  }
}
