# Sourced by run, accuracy and memory: nginx on the second core, which answers every
# request with 13 bytes.  Sets work, a folder that is removed at the end, and url.
sh tools/bootstrap load
work=$(mktemp -d)
server="" port=${PORT:-18473}
url=http://127.0.0.1:$port/
ulimit -n "$(ulimit -H -n)"

# What nginx has logged is written when it has ended.
stop() {
  [ -z "$server" ] || { kill -QUIT "$server" && wait "$server"; } 2>/dev/null || true
  server=""
}
trap 'stop; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# serve ACCESS_LOG: what nginx's directive access_log gets.  priority: a command before it.
serve() {
  cat > "$work/nginx.conf" <<CONF
worker_processes 1; worker_cpu_affinity 10; daemon off; pid $work/nginx.pid; error_log $work/error.log;
events { worker_connections 16000; }
http {
  log_format times '\$msec \$request_uri';
  access_log $1; keepalive_requests 1000000000; keepalive_timeout 1h; client_body_temp_path $work;
  proxy_temp_path $work; fastcgi_temp_path $work; uwsgi_temp_path $work; scgi_temp_path $work;
  server { listen 127.0.0.1:$port backlog=16384; location / { default_type text/plain; return 200 "hello, world\n"; } }
}
CONF
  ${priority:-} nginx -c "$work/nginx.conf" -p "$work" & server=$!
  polls=0
  until curl -s -o /dev/null "${url}is-it-up"; do
    polls=$((polls + 1)); [ $polls -lt 100 ] || { echo "bench: nginx does not answer"; exit 1; }
    sleep 0.05
  done
}
