import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { COMPONENTS, isKnownBuild, NEWEST_SEEN } from './needs.ts'
import { installPageModules, type PageModuleTools, pageCheck } from './page-modules.ts'

const CREATE = 'WAWebGroupCreateJob'
const FORWARD = 'WAWebChatForwardMessage'

/** A page with these components, each of which brings modules. */
function open(components: Record<string, Record<string, object>>) {
  const modules: Record<string, object> = {
    Bootloader: {
      loadModules(names: string[], done: () => void) {
        for (const name of names) Object.assign(modules, components[name])
        loaded.push(...names)
        done()
      },
      __debug: { componentMap: new Map(Object.keys(components).map((name) => [name, {}])) },
    },
    WAWebMsgKey: {
      newId() {},
      get broken() {
        throw new Error('not ready')
      },
    },
  }
  const loaded: string[] = []
  const page: { require(name: string): object; whatsappMcpModules?: PageModuleTools } = {
    require(name) {
      const found = modules[name]
      if (found) return found
      throw new Error(`Requiring unknown module "${name}"`)
    },
  }
  vi.stubGlobal('window', page)
  installPageModules(COMPONENTS)
  if (page.whatsappMcpModules === undefined) throw new Error('nothing was installed')
  return { tools: page.whatsappMcpModules, loaded }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('loads a module by its listed component, once', async () => {
  const createGroup = () => {}
  const { tools, loaded } = open({ 'WAWebNewGroupFlow.react': { [CREATE]: { createGroup } } })
  expect(tools.find(CREATE)).toBeUndefined()
  expect(await tools.ensure(CREATE)).toEqual({ createGroup })
  await tools.ensure(CREATE)
  expect(loaded).toEqual(['WAWebNewGroupFlow.react'])
})

it('tries the next component, and gives a module up that no component brings', async () => {
  const { tools, loaded } = open({
    WAWebMediaForwardMediaMsg: {},
    'WAWebForwardMessageFlow.react': {},
    Other: { [FORWARD]: {} },
  })
  expect(await tools.ensure(FORWARD)).toBeUndefined()
  expect(loaded).toEqual(['WAWebMediaForwardMediaMsg', 'WAWebForwardMessageFlow.react'])
})

it('does not wait for ever for a component that never comes', async () => {
  const { tools } = open({ WAWebMsgReply: {} })
  const loader = tools.find('Bootloader')
  Object.assign(loader ?? {}, { loadModules() {} })
  const found = tools.ensure('WAWebMsgReply')
  await vi.advanceTimersByTimeAsync(5_000)
  expect(await found).toBeUndefined()
})

it('names what is missing: modules, exports, and exports of another kind', async () => {
  open({})
  const needs = {
    receive: ['WAWebMsgKey.newId()'],
    reply: ['WAWebMsgReply.canReplyMsg()', 'WAWebMsgKey.newId'],
    find_number: ['WAWebMsgKey.newId.deeper()', 'WAWebMsgKey.length'],
    send_text: ['WAWebMsgKey.broken.deeper'],
  }
  expect(await pageCheck(needs)).toEqual({
    build: 'unknown',
    missing: {
      reply: ['WAWebMsgReply.canReplyMsg()'],
      find_number: ['WAWebMsgKey.newId.deeper()', 'WAWebMsgKey.length'],
      send_text: ['WAWebMsgKey.broken.deeper'],
    },
  })
})

it('takes either of two exports for one need, and names both if there is none', async () => {
  open({})
  const either = 'WAWebMsgReply.canReplyMsg() or WAWebMsgKey.newId()'
  const none = 'WAWebMsgReply.canReplyMsg() or WAWebMsgKey.oldId()'
  expect((await pageCheck({ receive: [either], reply: [none] })).missing).toEqual({ reply: [none] })
})

it.each([
  [`2.3000.${NEWEST_SEEN}`, true],
  ['2.3000.1034728815', true],
  [`2.3000.${NEWEST_SEEN + 1}`, false],
  ['2.4000.1', false],
  ['unknown', false],
])('the build %s is known: %s', (build, isKnown) => {
  expect(isKnownBuild(build)).toBe(isKnown)
})
