/** For tests of the double: a linked library on a world, and access to its page. */
import { newestBuildThatLinks, newestBuildWithSerialized } from './builds.ts'
import { type LibraryClient, makeProfileFolder, startClient, startLinkedClient } from './library-client.ts'
import { openSimulator } from './open-simulator.ts'
import type { Simulator, SimulatorOptions, World } from './simulator.ts'

/** One build of each family, by name: keys that own `_serialized`, and keys that own `$1`. */
export const families: string[] = [newestBuildWithSerialized.name, newestBuildThatLinks.name]

/** People of the seeded world. */
export const amara = '15550001101'
export const jurgen = '15550001102'
export const ming = '15550001103'
export const olena = '15550001104'

/** One message in a page, as plain JSON; wids and keys as text. */
export type PageMessage = Record<string, unknown> & { key: string }

export type Scene = {
  simulator: Simulator
  world: World
  library: LibraryClient
  /** The message with this bare id, in the memory of the page. */
  message(id: string): Promise<PageMessage | null>
  /** Attributes of a chat in the page; null if there is none. */
  chat(id: string): Promise<Record<string, unknown> | null>
  /** Keys of the messages that the page holds of a chat, oldest first. */
  keys(chat: string): Promise<string[]>
  /** Records these events of a collection from now on. */
  watch(collection: 'Msg' | 'Chat' | 'Contact' | 'WAWebNewsletterCollection', events: string): Promise<void>
  /** The recorded events, each with the text of the model's id. */
  heard(): Promise<[event: string, id: string][]>
  loadEarlier(chat: string): Promise<string[]>
  /** Closes the browser, runs a function, starts again on the same profile. */
  restart(meanwhile: () => Promise<unknown>): Promise<void>
  close(): Promise<void>
}

/** Opens a world, links a library to it and waits for `ready`. */
export async function openScene(options: Partial<SimulatorOptions> = {}): Promise<Scene> {
  const simulator = await openSimulator({ dataDir: null, build: families[0] ?? '', ...options })
  const profiles = makeProfileFolder()
  const inPage = async <T>(run: string): Promise<T> => {
    const page = scene.library.client.pupPage
    if (!page) throw new Error('no page')
    // A string, so that no bundler's helpers are included.
    const text = await page.evaluate(`(async () => JSON.stringify((await (${run})) ?? null))()`)
    return JSON.parse(String(text))
  }
  const collections = `window.require('WAWebCollections')`
  const scene: Scene = {
    simulator,
    world: simulator.world,
    library: await startLinkedClient(simulator, profiles.path),
    message: (id) =>
      inPage(`(() => {
        const model = ${collections}.Msg.getModelsArray().find((one) => one.id.id === ${JSON.stringify(id)})
        return model && { ...model.serialize(), key: String(model.id), isNotification: model.isNotification,
          protocolMessageKey: model.protocolMessageKey && String(model.protocolMessageKey) }
      })()`),
    chat: (id) =>
      inPage(`(() => {
        const chat = ${collections}.Chat.get(${JSON.stringify(id)})
        return chat && { ...chat.attributes, mutedUntil: chat.mute.expiration }
      })()`),
    keys: (chat) =>
      inPage(`(() => {
        const model = ${collections}.Chat.get(${JSON.stringify(chat)})
        return model ? model.msgs.getModelsArray().map((one) => String(one.id)) : []
      })()`),
    watch: (collection, events) =>
      inPage(`(() => {
        window.heardEvents = window.heardEvents ?? []
        for (const name of ${JSON.stringify(events)}.split(' ')) {
          ${collections}.${collection}.on(name, (model) => window.heardEvents.push([name, String(model.id)]))
        }
      })()`),
    heard: () => inPage('window.heardEvents ?? []'),
    loadEarlier: (chat) =>
      inPage(`window.require('WAWebChatLoadMessages')
        .loadEarlierMsgs({ chat: ${collections}.Chat.get(${JSON.stringify(chat)}) })
        .then((models) => models.map((one) => one.id.id))`),
    async restart(meanwhile) {
      await scene.library.stop()
      await meanwhile()
      scene.library = startClient(simulator, profiles.path)
      await scene.library.event('ready')
    },
    async close() {
      await scene.library.stop()
      await simulator.close()
      await profiles.remove()
    },
  }
  return scene
}
