/** The page of groups, channels and status updates: shows them as the phone has them, and follows every change. */

import { byId, get, make, nameOf, setText } from './parts.js'

/** @typedef {import('../../simulator.ts').WorldState} WorldState */
/** @typedef {import('../../simulator.ts').WorldMessage} WorldMessage */
/** @typedef {WorldState['groups'][number]} Group */
/** @typedef {WorldState['channels'][number]} Channel */

/** Maximum number of shown members of a group, and of posts of a channel. */
const most = { members: 1_024, posts: 20 }

/** @param {WorldState} state @param {string} address phone, `<digits>@c.us` or `@lid` */
function personOf({ account, contacts }, address) {
  const [user = ''] = address.split('@')
  if ([account.phone, account.lid].includes(user)) return `${account.pushname} (this account)`
  const contact = contacts.find(({ phone, lid }) => phone === user || lid === user)
  return contact ? nameOf(contact) : `+${user}`
}

/** @param {number} t Unix seconds */
const whenOf = (t) => new Date(t * 1000).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' })

/** Names with their values; those without a value are left out. @param {Record<string, string | false | undefined>} facts */
function makeFacts(facts) {
  const rows = Object.entries(facts).flatMap(([name, value]) => {
    if (!value) return []
    const shown = make('dd', '', value)
    shown.dir = 'auto'
    return [make('dt', 'hint', name), shown]
  })
  return make('dl', '', ...rows)
}

/** @param {string} name @param {string} id @param {...Node} parts */
function makePlace(name, id, ...parts) {
  const title = make('h3', '', name)
  title.dir = 'auto'
  const place = make('article', 'place', title, ...parts)
  place.dataset.id = id
  return place
}

/** @param {WorldState} state @param {Group} group */
function makeGroup(state, group) {
  const { id, subject, members, admins = [], description, invite, requests = [], left } = group
  const { phone } = state.account
  const people = left ? members : [phone, ...members]
  const rows = people.slice(0, most.members).map((one) => {
    const row = make('li', '', personOf(state, one))
    if (admins.includes(one)) row.append(make('span', 'mark', 'admin'))
    return row
  })
  const list = make(
    'details',
    '',
    make('summary', '', `${people.length} members`),
    make('ul', 'members', ...rows),
  )
  list.open = people.length <= 30
  const settings = [
    group.announce && 'only admins write',
    group.restrict && 'only admins edit',
    group.adminsAdd && 'only admins add members',
    group.approves && 'admins approve who joins',
  ].filter(Boolean)
  const facts = makeFacts({
    Id: id,
    Description: description,
    Invite: invite && `chat.whatsapp.com/${invite}`,
    Settings: settings.join(', '),
    'This account': left && (group.asked ? 'has asked to join' : 'is not a member'),
    'Want to join': requests.map((one) => personOf(state, one.phone)).join(', '),
  })
  return makePlace(subject, id, facts, list)
}

/** @param {WorldState} state @param {WorldMessage} message */
function makePost(state, { from, body, caption, type, t }) {
  const text = make('p', 'what', body || caption || `[${type}]`)
  text.dir = 'auto'
  const who = from.endsWith('@newsletter') ? '' : `${personOf(state, from)}, `
  return make('li', 'post', text, make('footer', 'hint', `${who}${whenOf(t)}`))
}

/** @param {WorldState} state @param {Channel} channel @param {readonly WorldMessage[]} posts */
function makeChannel(state, { id, name, description, own, foreign, admins = [] }, posts) {
  const facts = makeFacts({
    Id: id,
    Description: description,
    'This account': own ? 'owns it' : foreign ? 'does not follow it' : 'follows it',
    Admins: admins.map((phone) => personOf(state, phone)).join(', '),
  })
  return makePlace(name, id, facts, make('ol', '', ...posts.map((post) => makePost(state, post))))
}

/** Puts the nodes in place of the old ones, or a sentence if there are none. @param {string} id @param {Node[]} nodes */
function fill(id, nodes) {
  byId(id, HTMLElement).replaceChildren(...(nodes.length > 0 ? nodes : [make('p', 'hint', 'None.')]))
}

/** The newest posts of a chat, newest first; none where nothing was posted. @param {string} chat @returns {Promise<WorldMessage[]>} */
const postsOf = (chat) =>
  get(`/control/messages?limit=${most.posts}&chat=${encodeURIComponent(chat)}`).then(
    (posts) => posts.filter((/** @type {WorldMessage} */ { type }) => type !== 'revoked').reverse(),
    () => [],
  )

async function draw() {
  /** @type {WorldState} */
  const state = await get('/control/state')
  const posts = await Promise.all(state.channels.map(({ id }) => postsOf(id)))
  const updates = await postsOf('status@broadcast')
  setText('owner', `${state.account.pushname} (+${state.account.phone})`)
  fill(
    'groups',
    state.groups.map((group) => makeGroup(state, group)),
  )
  fill(
    'channels',
    state.channels.map((channel, index) => makeChannel(state, channel, posts[index] ?? [])),
  )
  fill(
    'status',
    updates.map((update) => makePost(state, update)),
  )
}

// One at a time, in order: the last one shows the newest state.
let drawing = Promise.resolve()
function follow() {
  drawing = drawing.then(draw).catch(() => setText('connection', 'The simulator does not respond.'))
}

const events = new EventSource('/control/events')
events.addEventListener('open', () => {
  setText('connection', '')
  follow()
})
events.addEventListener('error', () => setText('connection', 'The simulator does not respond.'))
events.addEventListener('change', follow)
