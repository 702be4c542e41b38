/** Profile pictures: of people, groups and the account itself. */
import type { TaskResult } from '../../../model/task.ts'
import type { Thumb } from '../page-tasks.ts'
import type { ChatModel, Wid } from '../page-types.ts'
import type { PageTask, TaskDone, TaskWindow } from './task.ts'

declare const window: TaskWindow & {
  require(name: 'WAWebUserPrefsMeUser'): { getMaybeMePnUser(): Wid | undefined }
}
type Bytes = { size: number }
declare function fetch(url: string): Promise<{ ok: boolean; status: number; blob(): Promise<Bytes> }>
declare class FileReader {
  result: string
  onload: () => void
  onerror: () => void
  readAsDataURL(blob: Bytes): void
}
declare class Image {
  naturalWidth: number
  naturalHeight: number
  onload: () => void
  onerror: () => void
  src: string
}
declare const document: {
  createElement(name: 'canvas'): {
    width: number
    height: number
    getContext(kind: '2d'): { drawImage(image: Image, ...numbers: number[]): void } | null
    toDataURL(type: string, quality: number): string
  }
}

/**
 * The page resolves alike for a picture that is not there, one that is hidden (both with an empty `tag`), and a refusal (without
 * `tag`). It may never answer for a person by phone number whose chat has a LID. The collection of pictures reports later changes
 * of those that were found in it.
 */
export const readPicture: PageTask<'read_picture'> = {
  ability: 'read_picture',
  run({ chat, known }, endsAt) {
    const tasks = window.whatsappMcpTasks
    const rows = window.whatsappMcpRows
    const SILENT_MS = 5_000
    const MOST_BYTES = 2 * 2 ** 20
    const steps = {
      async addresses(): Promise<string[]> {
        if (chat === null) return rows.me()
        if (!/@(c\.us|lid)$/.test(chat)) return [chat]
        const wid = await tasks.lookUp(chat, endsAt)
        if (wid === null) return []
        const isLid = (address: string) => /@lid$/.test(address)
        return tasks.addresses(wid).sort((one, other) => Number(isLid(other)) - Number(isLid(one)))
      },
      ask: async (address: string): Promise<Thumb | 'silent'> => {
        const { requestProfilePicFromServer } = await tasks.need<Bridge>('WAWebContactProfilePicThumbBridge')
        const silence = new Promise<'silent'>((resolve) => tasks.after(SILENT_MS, () => resolve('silent')))
        return Promise.race([requestProfilePicFromServer({ id: tasks.wid(address) }), silence])
      },
      async follow(address: string): Promise<void> {
        const { ProfilePicThumb } = await tasks.need<Collections>('WAWebCollections')
        await ProfilePicThumb?.find(tasks.wid(address))
      },
      async download(url: string): Promise<string> {
        const response = await fetch(url)
        if (!response.ok) throw new Error(`the host of pictures responded with ${response.status}`)
        const bytes = await response.blob()
        if (bytes.size > MOST_BYTES) throw new Error('the picture is too large')
        return new Promise((resolve, reject) => {
          const reader = new FileReader()
          reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(',') + 1))
          reader.onerror = () => reject(new Error('the picture cannot be read'))
          reader.readAsDataURL(bytes)
        })
      },
    }
    return tasks.run<TaskResult<'read_picture'>>(endsAt, async () => {
      const addresses = await steps.addresses()
      // A number that is not on WhatsApp.
      if (addresses.length === 0) return { gives: { tag: null, data: null } }
      for (const address of addresses) {
        const thumb = await steps.ask(address)
        if (thumb === 'silent') continue
        const { eurl } = thumb
        const tag = tasks.tagOf(thumb)
        if (tag === undefined) return { problem: 'not_said' }
        rows.attempt(() => void steps.follow(address).catch(() => {}))
        if (tag === null || !eurl) return { gives: { tag: null, data: null } }
        return { gives: { tag, data: tag === known ? null : await steps.download(eurl) } }
      }
      return { problem: 'not_said' }
    })
  },
}

/**
 * WhatsApp Web sends a square JPEG of 640 pixels, cut from the middle, and asks the server for the picture afterwards: that may
 * be refused although the picture is set. Therefore the outcome is whether the server has another picture than before; if it did not
 * say which it had, whether it has accepted this one.
 */
export const setPicture: PageTask<'set_picture'> = {
  ability: 'set_picture',
  run({ group, picture }, endsAt) {
    const tasks = window.whatsappMcpTasks
    const SIZES = { whole: 640, thumbnail: 96, least: 192 }
    /** A larger one would take the memory of the page. */
    const MOST_PIXELS = 100_000_000
    const QUALITY = 0.9
    const steps = {
      read({ mimetype, data }: { mimetype: string; data: string }): Promise<Image | null> {
        return new Promise((resolve) => {
          const image = new Image()
          image.onload = () => resolve(image)
          image.onerror = () => resolve(null)
          image.src = `data:${mimetype};base64,${data}`
        })
      },
      isSuitable: ({ naturalWidth: width, naturalHeight: height }: Image): boolean =>
        Math.min(width, height) >= SIZES.least && width * height <= MOST_PIXELS,
      square(image: Image, size: number): string {
        const { naturalWidth: width, naturalHeight: height } = image
        const side = Math.min(width, height)
        const canvas = document.createElement('canvas')
        canvas.width = size
        canvas.height = size
        const [x, y] = [Math.floor((width - side) / 2), Math.floor((height - side) / 2)]
        canvas.getContext('2d')?.drawImage(image, x, y, side, side, 0, 0, size, size)
        return canvas.toDataURL('image/jpeg', QUALITY)
      },
      async tagOf(wid: Wid): Promise<string | null | undefined> {
        const { requestProfilePicFromServer } = await tasks.need<Bridge>('WAWebContactProfilePicThumbBridge')
        return tasks.tagOf(await requestProfilePicFromServer({ id: wid }))
      },
      async change(wid: Wid, image: Image | null): Promise<Done> {
        const bridge = await tasks.need<Bridge>('WAWebContactProfilePicThumbBridge')
        const before = await tasks.inTime(endsAt, steps.tagOf(wid))
        if (image === null && before === null) return { gives: { tag: null } }
        let isAccepted = false
        // Without the tag of before, a picture may be the old one.
        const isDone = (tag: string | null | undefined): tag is string | null =>
          image === null ? tag === null : !!tag && tag !== before && (before !== undefined || isAccepted)
        try {
          const answer = await (image === null
            ? bridge.requestDeletePicture(wid)
            : bridge.sendSetPicture(
                wid,
                steps.square(image, SIZES.thumbnail),
                steps.square(image, SIZES.whole),
              ))
          isAccepted = Object(answer).status === 200
        } catch (error) {
          if (!isDone(await steps.tagOf(wid).catch(() => undefined))) throw error
        }
        const tag = await steps.tagOf(wid).catch(() => undefined)
        return isDone(tag) ? { gives: { tag } } : { problem: 'open' }
      },
    }
    const work = async (chat: ChatModel | null): Promise<Done> => {
      const image = picture === null ? null : await steps.read(picture)
      if (picture !== null && (image === null || !steps.isSuitable(image))) return { problem: 'bad_picture' }
      if (chat !== null) {
        const isRestricted = chat.groupMetadata?.restrict === true && !tasks.isAdmin(tasks.me(chat))
        return isRestricted ? { problem: 'not_admin' } : steps.change(tasks.wid(String(chat.id)), image)
      }
      const me = window.require('WAWebUserPrefsMeUser').getMaybeMePnUser()
      return me ? steps.change(me, image) : { problem: 'missing' }
    }
    return group === null
      ? tasks.run<TaskResult<'set_picture'>>(endsAt, () => work(null))
      : tasks.inGroup<TaskResult<'set_picture'>>(group, endsAt, work)
  },
}

type Done = Pick<Extract<TaskDone<'set_picture'>, { gives: unknown }>, 'gives'> | { problem: Problem }
type Problem = Exclude<TaskDone['problem'], undefined>
type Bridge = {
  requestProfilePicFromServer(of: { id: Wid }): Promise<Thumb>
  sendSetPicture(of: Wid, thumbnail: string, picture: string): Promise<unknown>
  requestDeletePicture(of: Wid): Promise<unknown>
}
type Collections = { ProfilePicThumb?: { find(id: Wid): Promise<unknown> } }
