// SPDX-License-Identifier: MIT
// The page: a connection to try, and the last closes, fetched anew every two seconds.

const byId = (id) => document.getElementById(id);
let socket = null;

function say(text) {
  const item = document.createElement('li');
  item.textContent = text;
  byId('transcript').append(item);
}

function connected() {
  if (socket !== null && socket.readyState <= WebSocket.OPEN) {
    return socket;
  }
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const fresh = new WebSocket(`${scheme}//${location.host}/page`);
  fresh.binaryType = 'arraybuffer';
  fresh.onmessage = ({ data }) =>
    say(typeof data === 'string' ? `< ${data}` : `< ${data.byteLength} bytes, binary`);
  fresh.onclose = ({ code, reason, wasClean }) => {
    say(`closed: ${code}${reason ? ` ${reason}` : ''}${wasClean ? '' : ', not clean'}`);
    setTimeout(refresh, 100);
  };
  socket = fresh;
  return fresh;
}

function whenOpen(action) {
  const current = connected();
  if (current.readyState === WebSocket.OPEN) {
    action(current);
  } else {
    current.addEventListener('open', () => action(current), { once: true });
  }
}

function send(data) {
  whenOpen((current) => {
    current.send(data);
    say(typeof data === 'string' ? `> ${data}` : `> ${data.byteLength} bytes, binary`);
  });
}

function row({ time, path, line, record }) {
  // The line begins with code, cause and side, which have columns of their own.
  const cells = [new Date(time * 1000).toLocaleTimeString(), record.peer ?? '', path, record.code,
    record.cause, record.side, line.replace(/^\d+ \S+ \([^)]*\)\s?: /, '')];
  const element = document.createElement('tr');
  for (const cell of cells) {
    element.insertCell().textContent = cell;
  }
  return element;
}

async function refresh() {
  const response = await fetch('closes.json');
  const { open, closes } = await response.json();
  byId('open').textContent = open;
  if (closes.length > 0) {
    byId('closes').replaceChildren(...closes.map(row));
  }
}

byId('talk').addEventListener('submit', (event) => {
  event.preventDefault();
  send(byId('message').value);
});
byId('binary').addEventListener('click', () => send(new TextEncoder().encode(byId('message').value)));
byId('close').addEventListener('click', () => whenOpen((current) => {
  try {
    current.close(Number(byId('code').value), 'from the page');
  } catch (error) {
    say(error.message);
  }
}));

refresh();
setInterval(() => {
  if (!document.hidden) {
    refresh().catch(() => { byId('open').textContent = 'the server is gone;'; });
  }
}, 2000);
