/** The phone page: shows and controls the double's world through the control API. */

import { byId, get, make, nameOf, setText } from './parts.js'

/** @typedef {import('../../simulator.ts').WorldState} WorldState */
/** @typedef {import('../../simulator.ts').WorldMessage} WorldMessage */
/** @typedef {WorldState['contacts'][number]} Contact */
/** @typedef {WorldState['groups'][number]} Group */
/** @typedef {import('../../simulator.ts').WorldChat} WorldChat */
/** @typedef {{ id: string, name: string, about: string, contact: Contact | null, group: Group | null, held: WorldChat | null }} Chat */
/** @typedef {{ builds: string[], faults: { name: string, does: string, value: string }[] }} Choices */

/**
 * The data of the last read. `messages` are the newest messages of the open chat.
 * @type {{ state: WorldState | null, chats: WorldChat[], messages: WorldMessage[], choices: Choices }}
 */
const shown = { state: null, chats: [], messages: [], choices: { builds: [], faults: [] } }
/** @type {string | null} */
let openChatId = null
/** Maximum number of shown messages; more would make the page slow. */
const messagesShown = 200
/** Maximum number of shown chats. */
const chatsShown = 200
/** The most common reactions. */
const emojis = ['👍', '❤️', '😂', '😮', '😢', '🙏']

// ---- small helpers

/** @param {string} label @param {() => void} onClick @param {string} [className] */
function makeButton(label, onClick, className = '') {
  const button = make('button', className, label)
  button.type = 'button'
  button.addEventListener('click', onClick)
  return button
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let toastTimer
/** @param {string} text */
function toast(text) {
  const box = byId('toast', HTMLElement)
  box.textContent = text
  box.hidden = false
  clearTimeout(toastTimer)
  toastTimer = setTimeout(() => {
    box.hidden = true
  }, 6000)
}

/**
 * Calls one verb of the control API. If it fails, shows the error and returns null.
 * @param {string} verb
 * @param {Record<string, unknown>} [input]
 */
async function call(verb, input = {}) {
  try {
    const response = await fetch(`/control/${verb}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(input),
    })
    const result = await response.json()
    if (response.ok) return result
    toast(result.error)
  } catch {
    toast('The simulator does not respond.')
  }
  return null
}

// ---- words

/** @param {string} jid `<digits>@c.us` or `@lid` */
function nameOfJid(jid) {
  const [user] = jid.split('@')
  const contact = shown.state?.contacts.find(({ phone, lid }) => phone === user || lid === user)
  return contact ? nameOf(contact) : `+${user}`
}

/** @param {number} t Unix seconds */
const timeOf = (t) => new Date(t * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
/** @param {number} t Unix seconds @returns {string} the time of today's, the day of older ones */
const whenOf = (t) => {
  const [then, now] = [new Date(t * 1000), new Date()]
  if (then.toDateString() === now.toDateString()) return timeOf(t)
  return then.toLocaleDateString([], { day: 'numeric', month: 'short' })
}
/** @param {number} t Unix seconds */
const dayOf = (t) =>
  new Date(t * 1000).toLocaleDateString([], { day: 'numeric', month: 'short', year: 'numeric' })

/** @param {HTMLElement} element @param {string} name */
function drawAvatar(element, name) {
  const letters = name.replace(/^[~+]/, '')
  element.textContent = [...letters][0]?.toUpperCase() ?? '?'
  let hue = 0
  for (const letter of letters) hue = (hue + (letter.codePointAt(0) ?? 0)) % 6
  element.className = `avatar hue-${hue}`
}

/** @param {WorldState} state @returns {Chat[]} as the phone lists them, then people without a chat */
function chatsOf({ contacts, groups }) {
  const held = new Map(shown.chats.map((chat) => [chat.id, chat]))
  /** @type {Chat[]} */
  const chats = [
    ...contacts.map((contact) => {
      const id = contact.lidChat ? `${contact.lid}@lid` : `${contact.phone}@c.us`
      const about = `+${contact.phone}${contact.lidChat ? `, LID ${contact.lid}` : ''}`
      return { id, name: nameOf(contact), about, contact, group: null, held: held.get(id) ?? null }
    }),
    ...groups.map((group) => ({
      id: group.id,
      name: group.subject,
      about: group.left
        ? 'You are not a member.'
        : group.members
            .slice(0, 30)
            .map((phone) => nameOfJid(phone))
            .join(', '),
      contact: null,
      group,
      held: held.get(group.id) ?? null,
    })),
  ]
  const place = new Map(shown.chats.map((chat, index) => [chat.id, index]))
  const placeOf = (/** @type {Chat} */ { id }) => place.get(id) ?? shown.chats.length
  return chats.sort((a, b) => placeOf(a) - placeOf(b))
}

/** The text of each kind of notice. */
const acts = {
  create: 'made the group',
  add: 'added',
  remove: 'removed',
  leave: 'left',
  promote: 'made an admin of',
  demote: 'took admin away from',
  subject: 'named the group',
  picture: 'changed the picture',
  announce: 'set "only admins write"',
  description: 'described the group',
  restrict: 'set "only admins edit"',
  member_add_mode: 'set who adds members',
  membership_approval_mode: 'set whether admins approve new members',
  invite: 'added by invite link',
  revoke_invite: 'reset the invite link',
  created_membership_requests: 'asks to add',
  membership_approval_request: 'asks to join',
  ephemeral: 'let messages disappear after seconds:',
}

/** Returns the text of a message for the list of chats and the conversation. @param {WorldMessage} message */
function textOf(message) {
  const { type, body, caption, media, poll, location, call, notice, album, inAlbum } = message
  if (type === 'chat') return body
  if (type === 'revoked') return 'This message was deleted.'
  if (notice) {
    const whom = notice.recipients.map(nameOfJid).join(', ')
    return `${nameOfJid(message.from)} ${acts[notice.subtype]} ${notice.subtype === 'leave' ? '' : whom} ${body}`.trim()
  }
  if (type === 'e2e_notification') return 'Messages are end-to-end encrypted.'
  if (album) return `[album] ${album.photos} photos, ${album.videos} videos`
  const part = inAlbum === undefined ? '' : '(in the album)'
  const facts = media?.filename ?? poll?.name ?? location?.name ?? (call?.missed ? 'missed' : '')
  return [`[${type}]`, part, facts, caption].filter(Boolean).join(' ')
}

// ---- drawing

/** A part is redrawn only if its data has changed, so that focus and scroll position stay. */
const drawn = new Map()

/** @param {string} part @param {unknown} data @param {() => void} draw */
function drawIfChanged(part, data, draw) {
  const text = JSON.stringify(data)
  if (drawn.get(part) === text) return
  drawn.set(part, text)
  draw()
}

function drawAll() {
  const { state, chats, messages, choices } = shown
  if (!state) return
  const { account, devices, linking, faults, build, refusals, contacts, groups } = state
  drawIfChanged('owner', account, () => {
    setText('owner-name', account.pushname)
    setText('owner-number', `+${account.phone}`)
    drawAvatar(byId('owner-avatar', HTMLElement), account.pushname)
  })
  drawIfChanged('devices', [devices, linking], () => drawDevices(state))
  drawIfChanged('chats', [contacts, groups, chats, openChatId], () => drawChats(state))
  drawIfChanged('chat', [contacts, groups, chats, openChatId], () => drawOpenChat(state))
  drawIfChanged('messages', [openChatId, devices, messages], drawMessages)
  drawIfChanged('lab', [faults, build, refusals, choices], () => drawLab(state))
}

/** @param {WorldState} state */
function drawDevices({ devices, linking }) {
  const rows = devices.map(({ id, linkedAt, online }) => {
    const linked = new Date(linkedAt)
    const since = Number.isNaN(linked.getTime()) ? linkedAt : linked.toLocaleString()
    return make(
      'li',
      online ? 'device online' : 'device',
      make('span', 'dot'),
      make(
        'div',
        '',
        make('p', '', id),
        make('p', 'hint', `${online ? 'online' : 'offline'}, linked ${since}`),
      ),
      makeButton('Unlink', () => call('unlink', { deviceId: id })),
    )
  })
  byId('devices', HTMLElement).replaceChildren(...rows)
  const code = linking.pairingCode
  setText(
    'linking',
    code
      ? `A computer is waiting for a pairing code for +${code.phone}.`
      : linking.qr
        ? 'A computer shows a QR code.'
        : devices.length === 0
          ? 'No device is linked, and no computer shows a QR code.'
          : '',
  )
  setText(
    'code-hint',
    code ? `The computer shows ${code.code.replace(/^(.{4})/, '$1-')}.` : 'No code is waiting.',
  )
  byId('refuse', HTMLButtonElement).disabled = !code && !linking.qr
}

/** @param {WorldState} state */
function drawChats(state) {
  const list = byId('chats', HTMLElement)
  const focused =
    document.activeElement instanceof HTMLElement ? document.activeElement.dataset.chat : undefined
  const all = chatsOf(state)
  const rows = all.slice(0, chatsShown).map(({ id, name, held }) => {
    const last = held?.last
    const avatar = make('span', '')
    drawAvatar(avatar, name)
    const preview = last ? `${last.fromMe ? 'You: ' : ''}${textOf(last)}` : 'No messages'
    const title = make('strong', '', name)
    const line = make('p', 'hint', preview)
    title.dir = line.dir = 'auto'
    const button = makeButton('', () => openChat(id), 'chat')
    button.dataset.chat = id
    button.setAttribute('aria-current', String(id === openChatId))
    const marks = [
      held?.pinned ? '📌' : '',
      held?.muteExpiration ? '🔕' : '',
      held?.archived ? '🗄️' : '',
      held && held.unreadCount < 0 ? '●' : held?.unreadCount ? String(held.unreadCount) : '',
    ]
    const side = make('span', 'side', make('time', '', last ? whenOf(last.t) : ''))
    side.append(make('span', 'marks', marks.filter(Boolean).join(' ')))
    button.append(avatar, make('div', '', title, line), side)
    return make('li', '', button)
  })
  if (all.length > chatsShown)
    rows.push(make('li', 'older', `${all.length - chatsShown} more are not shown.`))
  list.replaceChildren(...rows)
  if (focused) [...list.querySelectorAll('button')].find(({ dataset }) => dataset.chat === focused)?.focus()
}

/** @param {WorldState} state */
function drawOpenChat(state) {
  const chat = chatsOf(state).find(({ id }) => id === openChatId)
  byId('nothing-open', HTMLElement).hidden = !!chat
  byId('open-chat', HTMLElement).hidden = !chat
  if (!chat) return
  setText('chat-name', chat.name)
  setText('chat-about', chat.about)
  drawAvatar(byId('chat-avatar', HTMLElement), chat.name)
  byId('read', HTMLElement).hidden = !chat.contact
  byId('read', HTMLElement).title = `${chat.name} reads everything in this chat`
  const select = byId('author', HTMLSelectElement)
  const before = select.value
  const phones = chat.group ? chat.group.members : chat.contact ? [chat.contact.phone] : []
  select.replaceChildren(...phones.map((phone) => new Option(nameOfJid(phone), phone)))
  if (phones.includes(before)) select.value = before
  select.hidden = phones.length < 2
  byId('write', HTMLButtonElement).disabled = phones.length === 0
  const { held, group } = chat
  setText('archive', held?.archived ? 'Unarchive' : 'Archive')
  setText('pin', held?.pinned ? 'Unpin' : 'Pin')
  setText('mute', held?.muteExpiration ? 'Unmute' : 'Mute')
  setText('unread', held && held.unreadCount !== 0 ? 'Mark as read' : 'Mark as unread')
  for (const id of ['archive', 'pin', 'mute', 'unread', 'delete-chat'])
    byId(id, HTMLButtonElement).disabled = !held
  byId('people', HTMLElement).hidden = !group
  nameAuthor()
}

function nameAuthor() {
  const { selectedOptions } = byId('author', HTMLSelectElement)
  setText('write', `Write as ${selectedOptions[0]?.text ?? 'a member'}`)
}

function drawMessages() {
  const list = byId('messages', HTMLElement)
  const wasAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60
  const all = shown.messages.filter(({ chat }) => chat === openChatId)
  const rows = []
  const held = shown.chats.find(({ id }) => id === openChatId)
  if (held && held.messageCount > all.length) {
    rows.push(make('li', 'older', `${held.messageCount - all.length} older messages are not shown.`))
  }
  let day = ''
  for (const message of all) {
    if (dayOf(message.t) !== day) {
      day = dayOf(message.t)
      rows.push(make('li', 'day', day))
    }
    rows.push(makeMessage(message))
  }
  list.replaceChildren(...rows)
  if (wasAtEnd || list.dataset.chat !== openChatId) list.scrollTop = list.scrollHeight
  list.dataset.chat = openChatId ?? ''
}

/** @param {WorldMessage} message */
function makeMessage(message) {
  const { from, fromMe, origin, type, t, ack, deliveredTo, reactions = [], editedAtMs } = message
  if (message.notice || type === 'e2e_notification') return make('li', 'notice', textOf(message))
  const item = make('li', fromMe ? 'message mine' : 'message')
  if (!fromMe && openChatId?.endsWith('@g.us')) item.append(make('p', 'author', nameOfJid(from)))
  const text = make('p', type === 'revoked' ? 'what gone' : 'what', textOf(message))
  text.dir = 'auto'
  const where = fromMe && origin !== 'phone' ? 'by a linked device, ' : ''
  const marks = `${message.starred ? '★ ' : ''}${message.pinned ? 'pinned, ' : ''}`
  const footer = make('footer', '', `${marks}${editedAtMs ? 'edited, ' : ''}${where}${timeOf(t)}`)
  if (fromMe) footer.append(makeTicks(ack))
  const devices = shown.state?.devices ?? []
  const missing = devices.filter(({ id }) => !deliveredTo[id]).length
  if (devices.length > 0) {
    footer.title =
      missing === 0
        ? 'Every linked device has it.'
        : `${missing} of ${devices.length} linked devices do not have it yet.`
  }
  const more = makeButton('⋯', () => openMessage(message), 'more')
  more.setAttribute('aria-label', 'Message actions')
  footer.append(more)
  item.append(text)
  if (reactions.length > 0) {
    const chips = make('p', 'reactions', reactions.map(({ emoji }) => emoji).join(' '))
    chips.title = reactions.map(({ by, emoji }) => `${emoji} ${nameOfJid(by)}`).join(', ')
    item.append(chips)
  }
  item.append(footer)
  return item
}

/** Returns who can act in the open chat: the owner and its members. */
function actors() {
  const chat = shown.state && chatsOf(shown.state).find(({ id }) => id === openChatId)
  const phones = chat?.group ? chat.group.members : chat?.contact ? [chat.contact.phone] : []
  return [new Option('me', 'me'), ...phones.map((phone) => new Option(nameOfJid(phone), phone))]
}

/** React to a message, change it, star it, pin it or delete it. @param {WorldMessage} message */
function openMessage(message) {
  const { id, type } = message
  const dialog = byId('message-dialog', HTMLDialogElement)
  const by = byId('message-by', HTMLSelectElement)
  by.replaceChildren(...actors())
  setText('message-text', textOf(message))
  const act = (/** @type {string} */ verb, /** @type {Record<string, unknown>} */ input) => {
    dialog.close()
    void call(verb, { id, ...input })
  }
  byId('message-emojis', HTMLElement).replaceChildren(
    ...emojis.map((emoji) => makeButton(emoji, () => act('react', { by: by.value, emoji }))),
    makeButton('take back', () => act('react', { by: by.value, emoji: '' })),
  )
  const edit = makeButton('Edit', () => {
    const text = prompt('New text', message.caption ?? message.body)
    if (text) act('edit', { text })
  })
  edit.disabled = type !== 'chat' && !message.media
  const revoke = makeButton('Delete for everyone', () => act('revoke', {}))
  revoke.disabled = type === 'revoked'
  const forget = makeButton('Delete for me', () => {
    dialog.close()
    void call('delete_for_me', { ids: [id] })
  })
  const star = makeButton(message.starred ? 'Remove the star' : 'Star', () =>
    act('star', { starred: !message.starred }),
  )
  const pin = makeButton(message.pinned ? 'Unpin' : 'Pin for a week', () =>
    act('pin_message', { by: by.value, seconds: message.pinned ? 0 : 604_800 }),
  )
  byId('message-acts', HTMLElement).replaceChildren(edit, star, pin, revoke, forget)
  dialog.showModal()
}

/** Members of the open group: promote, remove, add. */
function openPeople() {
  const group = shown.state?.groups.find(({ id }) => id === openChatId)
  if (!group || !shown.state) return
  const dialog = byId('people-dialog', HTMLDialogElement)
  const act = async (/** @type {string} */ verb, /** @type {Record<string, unknown>} */ input) => {
    dialog.close()
    await call(verb, { group: group.id, ...input })
  }
  const isAdmin = (/** @type {string} */ phone) => group.admins?.includes(phone) ?? false
  const row = (/** @type {string} */ phone, /** @type {string} */ name, /** @type {string} */ member) => {
    const admin = isAdmin(phone)
    return make(
      'li',
      '',
      make('span', '', `${name}${admin ? ', admin' : ''}`),
      makeButton(admin ? 'Remove as admin' : 'Make admin', () => act('set_admin', { member, admin: !admin })),
      makeButton('Remove', () => act('remove_members', { members: [member] })),
    )
  }
  const me = group.left
    ? make(
        'li',
        '',
        make('span', '', 'you'),
        makeButton('Add', () => act('add_members', { members: ['me'] })),
      )
    : row(shown.state.account.phone, 'you', 'me')
  byId('people-list', HTMLElement).replaceChildren(
    me,
    ...group.members.map((phone) => row(phone, nameOfJid(phone), phone)),
  )
  const select = byId('people-new', HTMLSelectElement)
  const others = shown.state.contacts.filter(({ phone }) => !group.members.includes(phone))
  select.replaceChildren(...others.slice(0, 500).map((contact) => new Option(nameOf(contact), contact.phone)))
  byId('people-add', HTMLButtonElement).onclick = () => act('add_members', { members: [select.value] })
  byId('people-rename', HTMLButtonElement).onclick = () => {
    const subject = prompt('New subject', group.subject)
    if (subject) void act('rename_group', { subject })
  }
  dialog.showModal()
}

/** @param {number} ack */
function makeTicks(ack) {
  const [sign, words, className] =
    ack < 0
      ? ['!', 'failed', 'failed']
      : ack === 0
        ? ['🕓', 'not at the server yet', '']
        : ack === 1
          ? ['✓', 'at the server', '']
          : ack === 2
            ? ['✓✓', 'delivered', '']
            : ['✓✓', ack === 3 ? 'read' : 'played', 'seen']
  const ticks = make('span', `ticks ${className}`, sign ?? '')
  ticks.title = words ?? ''
  ticks.setAttribute('role', 'img')
  ticks.setAttribute('aria-label', words ?? '')
  return ticks
}

/** @param {WorldState} state */
function drawLab({ faults, build, refusals }) {
  const { choices } = shown
  const on = Object.keys(faults)
  setText('lab-summary', `· build ${build}${on.length > 0 ? ` · faults: ${on.join(', ')}` : ''}`)
  const select = byId('build', HTMLSelectElement)
  const names = choices.builds.includes(build) ? choices.builds : [build, ...choices.builds]
  select.replaceChildren(...names.map((name) => new Option(name, name, false, name === build)))
  byId('faults', HTMLElement).replaceChildren(
    ...choices.faults.map(({ name, does, value }) => {
      const box = make('input', '')
      box.type = 'checkbox'
      box.checked = name in faults
      box.addEventListener('change', () => switchFault(name, value, box))
      return make('li', 'fault', makeLabel(box, make('div', '', name, make('span', 'hint', does))))
    }),
  )
  byId('clear-faults', HTMLButtonElement).disabled = on.length === 0
  byId('refusals-box', HTMLElement).hidden = refusals.length === 0
  byId('refusals', HTMLElement).replaceChildren(...refusals.slice(-50).map((line) => make('li', '', line)))
}

/** @param {HTMLInputElement} box @param {Node | string} text */
function makeLabel(box, text) {
  return make('label', 'check', box, text)
}

/**
 * Some faults take a value, which `hint` describes; it is asked for as JSON.
 * @param {string} name
 * @param {string} hint
 * @param {HTMLInputElement} box
 */
async function switchFault(name, hint, box) {
  /** @type {unknown} */
  let value = box.checked
  if (box.checked && hint) {
    const typed = prompt(`${name}: ${hint}\nAs JSON; empty for true.`, '')
    if (typed === null) {
      box.checked = false
      return
    }
    try {
      value = typed.trim() === '' ? true : JSON.parse(typed)
    } catch {
      value = typed
    }
  }
  if (!(await call('set_fault', { name, value }))) box.checked = !box.checked
}

/** @param {string | null} id */
function openChat(id) {
  openChatId = id
  const phone = document.querySelector('.phone')
  if (phone instanceof HTMLElement) phone.dataset.view = id ? 'chat' : 'list'
  drawAll()
  void refresh()
}

// ---- reading the world

let isReading = false
let readAgain = false

/** Reads everything; changes during a read are read right after it, once. */
async function refresh() {
  if (isReading) {
    readAgain = true
    return
  }
  isReading = true
  try {
    const path = `/control/messages?limit=${messagesShown}&chat=${encodeURIComponent(openChatId ?? '')}`
    const [state, chats] = await Promise.all([get('/control/state'), get('/control/chats')])
    const isHeld = chats.some((/** @type {WorldChat} */ { id }) => id === openChatId)
    Object.assign(shown, { state, chats, messages: isHeld ? await get(path) : [] })
    drawAll()
  } catch {
    // The event stream reports that the simulator is gone.
  }
  isReading = false
  if (readAgain) {
    readAgain = false
    setTimeout(refresh, 50)
  }
}

const events = new EventSource('/control/events')
events.addEventListener('open', async () => {
  setText('connection', '')
  shown.choices = await get('/control/choices').catch(() => shown.choices)
  await refresh()
})
events.addEventListener('error', () => setText('connection', 'The simulator does not respond.'))
events.addEventListener('change', refresh)

// ---- acting

/** @param {string} id @param {() => void} act */
function onClick(id, act) {
  byId(id, HTMLElement).addEventListener('click', act)
}

/**
 * Opens a dialog. Calls `act` with its fields when the main button closes it.
 * @param {string} id
 * @param {(fields: FormData) => Promise<unknown>} act
 */
function ask(id, act) {
  const dialog = byId(id, HTMLDialogElement)
  const form = dialog.querySelector('form')
  if (!form) return
  form.reset()
  dialog.returnValue = ''
  dialog.onclose = () => {
    if (dialog.returnValue === 'ok') void act(new FormData(form))
  }
  dialog.showModal()
}

/** @param {FormData} fields @param {string} name */
const fieldOf = (fields, name) => String(fields.get(name) ?? '').trim()

onClick('scan', async () => {
  const button = byId('scan', HTMLButtonElement)
  button.disabled = true
  button.textContent = 'Scanning …'
  await call('scan')
  button.disabled = false
  button.textContent = 'Scan QR'
})
onClick('type-code', () =>
  ask('code-dialog', (fields) => call('type_pairing_code', { code: fieldOf(fields, 'code') })),
)
onClick('refuse', () => call(shown.state?.linking.pairingCode ? 'refuse_pairing_code' : 'refuse_scan'))
onClick('back', () => openChat(null))
byId('author', HTMLSelectElement).addEventListener('change', nameAuthor)
onClick('clear-faults', () => call('clear_faults'))
onClick('read', () => {
  const contact = shown.state && chatsOf(shown.state).find(({ id }) => id === openChatId)?.contact
  if (contact) void call('read', { by: contact.phone })
})
byId('build', HTMLSelectElement).addEventListener('change', ({ currentTarget }) => {
  if (currentTarget instanceof HTMLSelectElement) void call('set_build', { build: currentTarget.value })
})
byId('account-form', HTMLFormElement).addEventListener('submit', async (event) => {
  event.preventDefault()
  const form = byId('account-form', HTMLFormElement)
  if (await call('switch_account', { phone: fieldOf(new FormData(form), 'phone') })) {
    form.reset()
    openChat(null)
  }
})

const held = () => shown.chats.find(({ id }) => id === openChatId)
onClick('archive', () => call('archive_chat', { chat: openChatId, archived: !held()?.archived }))
onClick('pin', () => call('pin_chat', { chat: openChatId, pinned: !held()?.pinned }))
onClick('mute', () => call('mute_chat', { chat: openChatId, until: held()?.muteExpiration ? 0 : -1 }))
onClick('unread', () => call(held()?.unreadCount ? 'read_chat' : 'mark_unread', { chat: openChatId }))
onClick('delete-chat', () => {
  if (confirm('Delete this chat with all its messages?')) void call('delete_chat', { chat: openChatId })
})
onClick('people', openPeople)
document.addEventListener('click', ({ target }) => {
  const menu = document.querySelector('.menu')
  const isOpener = target instanceof Element && target.closest('.menu summary')
  if (menu instanceof HTMLDetailsElement && !isOpener) menu.open = false
})
/**
 * What each kind of message is made of; all other kinds are files.
 * @type {Record<string, (fields: FormData) => object>}
 */
const contents = {
  location: (fields) => ({
    location: {
      lat: Number(fieldOf(fields, 'lat')),
      lng: Number(fieldOf(fields, 'lng')),
      ...some(fields, 'place', 'name'),
    },
  }),
  vcard(fields) {
    const number = fieldOf(fields, 'number')
    const lines = [`FN:${fieldOf(fields, 'card')}`, `TEL;type=CELL;waid=${number}:+${number}`]
    return { vcards: [['BEGIN:VCARD', 'VERSION:3.0', ...lines, 'END:VCARD'].join('\n')] }
  },
  poll_creation(fields) {
    const options = fieldOf(fields, 'options').split('\n')
    const names = options.map((option) => option.trim()).filter(Boolean)
    return { poll: { name: fieldOf(fields, 'question'), options: names, multiple: fields.has('multiple') } }
  },
  call_log: () => ({ call: { missed: true } }),
}

/** Returns the field under this name, or nothing if it is empty. @param {FormData} fields @param {string} name @param {string} as */
function some(fields, name, as = name) {
  const text = fieldOf(fields, name)
  return text === '' ? {} : { [as]: text }
}

/** @param {FormData} fields */
async function fileOf(fields) {
  const file = fields.get('file')
  const bytes = file instanceof File && file.size > 0 ? { data: await base64Of(file) } : {}
  const ownName = file instanceof File && file.name !== '' ? { filename: file.name } : {}
  const filename = fieldOf(fields, 'type') === 'document' ? { ...ownName, ...some(fields, 'filename') } : {}
  return { media: { ...filename, ...bytes }, ...some(fields, 'caption') }
}

/** @param {File} file @returns {Promise<string>} */
function base64Of(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(String(reader.result).split(',')[1] ?? '')
    reader.onerror = () => reject(new Error('The file cannot be read.'))
    reader.readAsDataURL(file)
  })
}

/** Shows the fields of this kind of message. */
function showFields() {
  const { value } = byId('attach-type', HTMLSelectElement)
  for (const part of byId('attach-dialog', HTMLElement).querySelectorAll('[data-for]')) {
    if (!(part instanceof HTMLElement)) continue
    part.hidden = !part.dataset.for?.split(' ').includes(value)
    for (const field of part.querySelectorAll('input, textarea'))
      if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)
        field.disabled = part.hidden
  }
}

byId('attach-type', HTMLSelectElement).addEventListener('change', showFields)
onClick('attach', () => {
  byId('attach-from', HTMLSelectElement).replaceChildren(...actors().reverse())
  ask('attach-dialog', async (fields) => {
    const type = fieldOf(fields, 'type')
    const content = {
      type,
      ...(contents[type]?.(fields) ?? (await fileOf(fields))),
      ...(fields.has('viewOnce') ? { viewOnce: true } : {}),
      ...(fields.has('forwarded') ? { forwarded: 1 } : {}),
    }
    return call('write_content', { from: fieldOf(fields, 'from'), chat: openChatId, content })
  })
  showFields()
})

onClick('new-contact', () =>
  ask('contact-dialog', (fields) =>
    call('add_contact', {
      phone: fieldOf(fields, 'phone'),
      name: fieldOf(fields, 'name') || null,
      ...(fieldOf(fields, 'pushname') ? { pushname: fieldOf(fields, 'pushname') } : {}),
      lidChat: fields.has('lidChat'),
    }),
  ),
)
onClick('new-group', () => {
  const boxes = (shown.state?.contacts ?? []).map((contact) => {
    const box = make('input', '')
    box.type = 'checkbox'
    box.name = 'member'
    box.value = contact.phone
    return make('li', '', makeLabel(box, nameOf(contact)))
  })
  byId('members', HTMLElement).replaceChildren(...boxes)
  ask('group-dialog', (fields) =>
    call('add_group', {
      subject: fieldOf(fields, 'subject'),
      members: fields.getAll('member').map(String),
      announce: fields.has('announce'),
      lidMode: fields.has('lidMode'),
    }),
  )
})

const text = byId('text', HTMLTextAreaElement)

/** @param {string} verb @param {Record<string, unknown>} who */
async function write(verb, who) {
  const body = text.value
  if (body.trim() === '' || !openChatId) return
  text.value = ''
  // Restores the text if the world rejects it, unless other text was typed meanwhile.
  if (!(await call(verb, { ...who, chat: openChatId, text: body })) && text.value === '') text.value = body
  text.focus()
}

const writeAsThem = () => write('write', { from: byId('author', HTMLSelectElement).value })
byId('composer', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault()
  void writeAsThem()
})
onClick('write-own', () => write('write_from_phone', {}))
text.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
  event.preventDefault()
  void writeAsThem()
})
