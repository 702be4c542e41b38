/** The calls of the Inspector's command line to a linked server, and the expected results. */

import assert from 'node:assert/strict'

/**
 * The result of a request, as the Inspector prints it.
 * @typedef {{ type: string, text?: string }} Block
 * @typedef {{ uri: string, text?: string }} Contents
 * @typedef {{
 *   tools?: { name: string, title?: string, description?: string, annotations?: object, outputSchema?: object }[],
 *   prompts?: { name: string, description?: string }[],
 *   resources?: { uri: string }[],
 *   resourceTemplates?: { uriTemplate: string }[],
 *   contents?: Contents[],
 *   content?: Block[],
 *   structuredContent?: Record<string, unknown>,
 *   isError?: boolean,
 * }} Result
 *
 * `code`: the expected exit code. `find`: throws if the result or the output on standard error is wrong.
 * @typedef {{ name: string, args: string[], code: number, find(result: Result, said: string): void }} Call
 */

const EXIT = { ok: 0, toolFailed: 5 }

const DOCUMENTED = [
  'whatsapp_status',
  'whatsapp_start_auth',
  'whatsapp_pairing_code',
  'whatsapp_send_message',
  'whatsapp_list_chats',
  'whatsapp_read_messages',
  'whatsapp_logout',
]

/**
 * Yields the calls in order. A call may use the result of the previous one.
 * @param {string} lane part of the sent message, so that each lane finds its own
 * @returns {Generator<Call, void>}
 */
export function* calls(lane) {
  yield {
    name: 'tools/list --strict',
    args: ['--method', 'tools/list', '--strict'],
    code: EXIT.ok,
    find({ tools = [] }, said) {
      // No warning about an input schema is allowed. For output schemas, only errors make the Inspector fail.
      assert.doesNotMatch(said, /Path: inputSchema/)
      const names = tools.map(({ name }) => name)
      for (const name of DOCUMENTED) assert(names.includes(name), `no tool ${name}`)
      for (const { name, title, description, annotations, outputSchema } of tools) {
        assert(
          title && description && annotations && outputSchema,
          `${name} lacks a title, description, annotations or output schema`,
        )
      }
    },
  }
  yield {
    name: 'prompts/list',
    args: ['--method', 'prompts/list'],
    code: EXIT.ok,
    find({ prompts = [] }) {
      assert(prompts.length > 0, 'no prompts')
      for (const { name, description } of prompts) assert(description, `${name} has no description`)
    },
  }
  yield {
    name: 'resources/list',
    args: ['--method', 'resources/list'],
    code: EXIT.ok,
    find({ resources = [] }) {
      assert(
        resources.some(({ uri }) => uri === 'whatsapp://status'),
        'no whatsapp://status',
      )
    },
  }
  yield {
    name: 'resources/templates/list',
    args: ['--method', 'resources/templates/list'],
    code: EXIT.ok,
    find: ({ resourceTemplates = [] }) => assert(resourceTemplates.length > 0, 'no templates'),
  }
  yield {
    name: 'resources/read whatsapp://status',
    args: ['--method', 'resources/read', '--uri', 'whatsapp://status'],
    code: EXIT.ok,
    find: ({ contents = [] }) => assert.equal(JSON.parse(contents[0]?.text ?? '').state, 'ready'),
  }
  yield {
    ...tool('whatsapp_status'),
    find(result) {
      assert.equal(data(result).state, 'ready')
      // The text of the documented tools is the JSON of REST.
      assert.deepEqual(JSON.parse(textOf(result)), data(result))
    },
  }
  yield {
    ...tool('whatsapp_list_chats', { limit: 5 }),
    find(result) {
      assert.equal(listOf(result, 'chats').length, 5)
      assert.deepEqual(JSON.parse(textOf(result)), data(result))
    },
  }
  let to = { id: '', name: '' }
  yield {
    ...tool('whatsapp_list_contacts', { limit: 20 }),
    find(result) {
      // A send accepts only names of the address book.
      const known = listOf(result, 'contacts').find((one) => one.in_address_book === true)
      assert(known, 'no contact in the address book')
      to = { id: String(known.id), name: String(known.name) }
      assert(textOf(result).includes(to.name), 'a name of the data is not in the text')
    },
  }
  const message = `Sent by the Inspector over ${lane}`
  yield {
    ...tool('whatsapp_send_to_chat', { chat: to.name, message }),
    find: (result) => assert(textOf(result).length > 0),
  }
  yield {
    ...tool('whatsapp_search_messages', { q: `"${message}"` }),
    find(result) {
      assert(JSON.stringify(data(result)).includes(message), 'what was sent is not found in the data')
      assert(textOf(result).includes(message), 'what was sent is not found in the text')
      assert(JSON.stringify(data(result)).includes(to.id), 'what was sent stands in another chat')
    },
  }
  yield {
    ...tool('whatsapp_send_to_chat', { chat: 'Nobody of this name', message }),
    name: 'whatsapp_send_to_chat to nobody',
    code: EXIT.toolFailed,
    find(result) {
      assert.equal(result.isError, true)
      assert.match(textOf(result), /Next step: /)
      assert.equal(JSON.parse(textOf(result).split('\n').at(-1) ?? '').code, 'chat_not_found')
    },
  }
}

/** @param {string} name @param {Record<string, string | number>} [given] */
function tool(name, given = {}) {
  const args = ['--method', 'tools/call', '--tool-name', name, '--tool-args-json', JSON.stringify(given)]
  return { name, args, code: EXIT.ok }
}

/** @param {Result} result */
function data({ structuredContent, isError }) {
  assert(structuredContent && isError !== true, 'no structured content')
  return structuredContent
}

/** @param {Result} result @param {string} key @returns {Record<string, unknown>[]} */
function listOf(result, key) {
  const list = data(result)[key]
  assert(Array.isArray(list), `no list ${key}`)
  return list
}

/** @param {Result} result */
function textOf({ content = [] }) {
  return content.map(({ text = '' }) => text).join('\n')
}
