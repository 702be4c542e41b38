/** The ids of the messages that this server sends: they look like those of WhatsApp Web, and this server recognises them at any time. */
import { createHmac, createSecretKey, randomBytes } from 'node:crypto'

export type OwnIds = {
  /** Returns a new bare id in the form of WhatsApp Web (WAWebMsgKey `newId`): `3EB0` and 18 hexadecimal digits. */
  create(): string
  /** True if {@link OwnIds.create} made it with the same secret. One in 16 million other ids is taken for one. */
  isOurs(bareId: string): boolean
  /** For threads: {@link createOwnIds} with it recognises the same ids. Not for logs. */
  secret: string
}

/** Of the 9 bytes, 6 are random, and 3 are their seal. */
const RANDOM_DIGITS = 12
const FORM = /^3EB0([0-9A-F]{12})([0-9A-F]{6})$/

/** True if the id has the form of those that {@link OwnIds.create} makes, and WhatsApp Web: with any secret, or none. */
export const hasFormOfOurs = (bareId: string) => FORM.test(bareId)

/** @param secret of this server: nobody else can tell these ids from others */
export function createOwnIds(secret: string): OwnIds {
  const key = createSecretKey(secret, 'utf8')
  const seal = (random: string) =>
    createHmac('sha256', key).update(random).digest('hex').slice(0, 6).toUpperCase()
  return {
    secret,
    create() {
      const random = randomBytes(RANDOM_DIGITS / 2)
        .toString('hex')
        .toUpperCase()
      return `3EB0${random}${seal(random)}`
    },
    isOurs(bareId) {
      const [, random = '', given] = FORM.exec(bareId) ?? []
      return given !== undefined && seal(random) === given
    },
  }
}
