/**
 * Copies WhatsApp Web's models as plain data: in its page, and again in Node, where the library delivers them whole. The page
 * receives {@link modelTools} as text: it may use nothing from outside itself, and its functions are methods, because build
 * tools add helpers of their own to other named functions.
 */

export type ModelTools = {
  /**
   * The fields of a message's model that say something: without null, false and empty ones, previews and other long binary data.
   * Addresses become text, keys their parts, short bytes `hex:…`. Never throws.
   */
  toPlainObject(model: object): Record<string, unknown>
}

export function modelTools(): ModelTools {
  /** Longer texts in the alphabet of base64 are previews; keys and hashes are shorter. */
  const MAX_CODE = 200
  const MAX_BYTES = 64
  const MAX_DEPTH = 6
  const MAX_ENTRIES = 300
  /** Of one message, all levels together. */
  const MAX_VALUES = 2_000
  /** Other models, and previews. */
  const LEFT_OUT = new Set([
    'mediaData',
    'mediaObject',
    'msgChunk',
    'senderObj',
    'chat',
    'pendingAckUpdate',
    'thumbnail',
    'thumbnailHQ',
    'jpegThumbnail',
    'inviteGrpJpegThum',
    'finalThumbnail',
    'pictureThumbnail',
    'streamingSidecar',
    'scansSidecar',
    'firstFrameSidecar',
  ])
  let left = 0
  const tools = {
    toPlainObject(model: object): Record<string, unknown> {
      left = MAX_VALUES
      return tools.fields(model, 0)
    },

    fields(model: object, depth: number): Record<string, unknown> {
      const copy: Record<string, unknown> = {}
      for (const name of Object.keys(model).slice(0, MAX_ENTRIES)) {
        if (LEFT_OUT.has(name)) continue
        try {
          const value = tools.field(model, name, depth)
          if (value !== undefined) copy[name] = value
        } catch {
          // A field that cannot be read does not hide the others.
        }
      }
      return copy
    },

    field(model: object, name: string, depth: number): unknown {
      const value: unknown = Reflect.get(model, name)
      const isText = name === 'caption' || (name === 'body' && Reflect.get(model, 'type') === 'chat')
      return isText && typeof value === 'string' ? value : tools.value(value, depth + 1)
    },

    value(value: unknown, depth: number): unknown {
      left -= 1
      if (typeof value === 'string') return tools.text(value)
      if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
      if (typeof value === 'boolean') return value || undefined
      if (typeof value !== 'object' || value === null || depth > MAX_DEPTH || left < 0) return undefined
      if (value instanceof ArrayBuffer) return tools.bytes(Array.from(new Uint8Array(value)))
      if (ArrayBuffer.isView(value)) {
        return tools.bytes(Array.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)))
      }
      if (!Array.isArray(value)) return tools.object(value, depth)
      const entries = value.slice(0, MAX_ENTRIES).flatMap((one) => tools.value(one, depth + 1) ?? [])
      return entries.length === 0 ? undefined : entries
    },

    object(value: object, depth: number): unknown {
      if (Reflect.get(value, 'remote') !== undefined && typeof Reflect.get(value, 'id') === 'string') {
        return tools.key(value)
      }
      const address = tools.address(value)
      if (address !== undefined) return address
      const names = Object.keys(value)
      // Bytes that went through JSON.
      if (names.length > 0 && names.every((name, index) => name === String(index))) {
        return tools.bytes(names.map((name) => Number(Reflect.get(value, name))))
      }
      const copy = tools.fields(value, depth)
      return Object.keys(copy).length === 0 ? undefined : copy
    },

    key(value: object): unknown {
      const participant: unknown = Reflect.get(value, 'participant')
      return {
        fromMe: Reflect.get(value, 'fromMe') === true,
        remote: tools.address(value, 'remote'),
        id: Reflect.get(value, 'id'),
        ...(participant ? { participant: tools.address(value, 'participant') } : {}),
      }
    },

    /** Wids print their address. */
    address(value: object, name?: string): string | undefined {
      const wid: unknown = name === undefined ? value : Reflect.get(value, name)
      if (typeof wid !== 'object' || wid === null) return typeof wid === 'string' ? wid : undefined
      const serialized: unknown = Reflect.get(wid, '_serialized')
      const printed = typeof serialized === 'string' ? serialized : String(wid)
      return /^[^\s@]+@[^\s@]+$/.test(printed) ? printed : undefined
    },

    text(text: string): string | undefined {
      if (text === '' || (text.length > MAX_CODE && /^[A-Za-z0-9+/]+=*$/.test(text))) return undefined
      // The picture in a contact card.
      return text.startsWith('BEGIN:VCARD') ? text.replace(/\r?\nPHOTO.*(?:\r?\n[ \t].*)*/gi, '') : text
    },

    bytes(bytes: number[]): string | undefined {
      if (bytes.length > MAX_BYTES || bytes.length === 0) return undefined
      return `hex:${bytes.map((byte) => (byte & 255).toString(16).padStart(2, '0')).join('')}`
    },
  }
  return tools
}
