/** What is known of a device that WhatsApp removed soon after it was linked. Pure. */

/** A device that lived this long was not removed because of how it was linked. */
const EARLY_MS = 10 * 60_000

/**
 * Returns `detail`, with the known causes if the device was linked less than ten minutes ago.
 * Sources: OpenWA#982 and #1072 (what WhatsApp Web requires of a new device), Baileys#1983 (restrictions).
 * @param linkedAt ISO 8601; null: never linked. `now`: Unix ms
 */
export function explainUnlink(detail: string, linkedAt: string | null, now: number): string {
  const age = linkedAt === null ? Number.POSITIVE_INFINITY : now - Date.parse(linkedAt)
  // Also if the time cannot be read: then the age is NaN.
  if (!(age < EARLY_MS)) return detail
  const minutes = Math.floor(age / 60_000)
  const when = minutes < 1 ? 'less than a minute' : minutes === 1 ? 'a minute' : `${minutes} minutes`
  return `${detail} It was linked ${when} before. Known causes: a person removed it on the phone; another program asked for a pairing code for this number; WhatsApp restricts this account or its unofficial clients; a dialog of WhatsApp Web waited for a person. This server confirms the dialog "What's new" and does not read status updates.`
}
