/** The port through which everything outside this room reads an archive: the functions of the reader, each asynchronous. */
import type { Reader } from './reader.ts'

/** The functions of {@link Reader}. Each rejects with the errors that the reader throws. */
export type Reads = {
  [Name in keyof Reader]: (...args: Parameters<Reader[Name]>) => Promise<ReturnType<Reader[Name]>>
}

/** Reads through this reader. */
export function createReads(reader: Reader): Reads {
  return {
    listChats: async (...args) => reader.listChats(...args),
    getChat: async (...args) => reader.getChat(...args),
    readMessages: async (...args) => reader.readMessages(...args),
    getMessage: async (...args) => reader.getMessage(...args),
    messagesAt: async (...args) => reader.messagesAt(...args),
    listContacts: async (...args) => reader.listContacts(...args),
    getContact: async (...args) => reader.getContact(...args),
    addressesOf: async (...args) => reader.addressesOf(...args),
    spellingsOf: async (...args) => reader.spellingsOf(...args),
    listUnread: async (...args) => reader.listUnread(...args),
    listWaiting: async (...args) => reader.listWaiting(...args),
    searchMessages: async (...args) => reader.searchMessages(...args),
    recipientAt: async (...args) => reader.recipientAt(...args),
    recipientsNamed: async (...args) => reader.recipientsNamed(...args),
    quoted: async (...args) => reader.quoted(...args),
    countAll: async () => reader.countAll(),
  }
}
