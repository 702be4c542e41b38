/** Blocking people (WAWebBlockContactAction). */
import { ContactModel } from '../models.ts'
import { boot, connection } from '../page.ts'
import { personOf } from '../people.ts'
import { defineModule } from '../registry.ts'

/**
 * Since August 2026 a person whose chat has a LID is not blocked by phone number, and clients say where somebody was blocked
 * (OpenWA patch 8).
 */
async function block(contact: unknown, blocked: boolean, isComplete = true): Promise<void> {
  const id = contact instanceof ContactModel ? contact.get('id') : undefined
  if (!id) throw new TypeError("Cannot read properties of undefined (reading 'id')")
  if (!boot.build.blocksByPhone) {
    if (!id.isLid() && personOf(id)?.lidChat) throw new Error('trying to block a pn contact without a chat')
    if (!isComplete) throw new TypeError("Cannot read properties of undefined (reading 'blockEntryPoint')")
  }
  await connection().ask('block', { jid: String(id), blocked })
}

/** Defines the modules of this file. */
export function defineBlocking(): void {
  defineModule(
    'WAWebBlockContactUtils',
    boot.build.blocksByPhone
      ? { getContactToBlockOnlyUseIfNoAssociatedChat: (contact: ContactModel) => contact }
      : {},
  )
  defineModule('WAWebBlockContactAction', {
    blockContact: ({ contact, blockEntryPoint }: { contact: unknown; blockEntryPoint?: unknown }) =>
      block(contact, true, blockEntryPoint !== undefined),
    unblockContact: (contact: unknown) => block(contact, false),
  })
}
