package rights

// Roles lists the roles of all types. The tests report missing and superfluous rules.
var Roles = []Role{
	{
		Type: "Server", Name: "checker",
		Does:     "desir.Check; NAME is not used",
		Where:    Where{All: Rules{Commands: "time"}},
		Optional: Where{All: Rules{Commands: "info"}},
	},
	{
		Type: "Map", Name: "reader",
		Does: "all methods that only read",
		Where: Where{
			All:   Rules{Keys: []string{"%R~NAME"}, Commands: "exists hexists hget hgetall hlen hmget hrandfield hscan pttl"},
			Newer: Rules{Commands: "hpttl"},
		},
		Optional: Where{
			All: Rules{Commands: "info"},
		},
	},
	{
		Type: "Map", Name: "writer",
		Does: "all methods that write",
		Where: Where{
			All: Rules{
				Keys:     []string{"NAME"},
				Commands: "eval evalsha hdel hget hincrby hincrbyfloat hset hsetnx persist pexpire pexpireat unlink",
			},
			Newer: Rules{Commands: "hpexpire hpttl hsetex"},
		},
	},
	{
		Type: "Set", Name: "reader",
		Does: "all methods that only read; methods of several sets, such as Union, need it for the other sets too",
		Where: Where{
			All: Rules{
				Keys:     []string{"%R~NAME"},
				Commands: "exists pttl scard sdiff sinter sintercard sismember smembers smismember srandmember sscan sunion",
			},
		},
		Optional: Where{
			All: Rules{Commands: "info"},
		},
	},
	{
		Type: "Set", Name: "writer",
		Does: "all methods that write; methods such as StoreUnion need the reader's rights for the other sets, Move needs the writer's",
		Where: Where{
			All: Rules{
				Keys:     []string{"NAME"},
				Commands: "eval evalsha persist pexpire pexpireat sadd sdiffstore sinterstore smove spop srem sunionstore unlink",
			},
		},
	},
	{
		Type: "SortedSet", Name: "reader",
		Does: "all methods that only read",
		Where: Where{
			All: Rules{
				Keys:     []string{"NAME"},
				Commands: "eval evalsha exists pttl zcard zcount zlexcount zrange zrank zscore",
			},
		},
	},
	{
		Type: "SortedSet", Name: "writer",
		Does: "all methods that write",
		Where: Where{
			All: Rules{
				Keys: []string{"NAME"},
				Commands: "eval evalsha persist pexpire pexpireat unlink zadd zcard zcount zincrby zlexcount zpopmax zpopmin " +
					"zrem zremrangebyrank",
			},
		},
	},
	{
		Type: "List", Name: "reader",
		Does: "all methods that only read",
		Where: Where{
			All: Rules{Keys: []string{"%R~NAME"}, Commands: "exists lindex llen lpos lrange pttl"},
		},
	},
	{
		Type: "List", Name: "writer",
		Does: "all methods that write; Move needs it for the other list too",
		Where: Where{
			All: Rules{
				Keys: []string{"NAME"},
				Commands: "eval evalsha linsert lmove lpop lpush lrem lset ltrim persist pexpire pexpireat rpop rpush " +
					"unlink",
			},
		},
	},
	{
		Type: "Value", Name: "reader",
		Does: "Get, Exists, TTL",
		Where: Where{
			All: Rules{Keys: []string{"%R~NAME"}, Commands: "exists get pttl"},
		},
	},
	{
		Type: "Value", Name: "writer",
		Does: "all methods that write",
		Where: Where{
			All: Rules{
				Keys:     []string{"NAME"},
				Commands: "del eval evalsha get persist pexpire pexpireat set setnx unlink",
			},
		},
	},
	{
		Type: "Counter", Name: "reader",
		Does: "Value, Exists, TTL",
		Where: Where{
			All: Rules{Keys: []string{"%R~NAME"}, Commands: "exists get pttl"},
		},
	},
	{
		Type: "Counter", Name: "writer",
		Does: "all methods that write",
		Where: Where{
			All: Rules{
				Keys:     []string{"NAME", "{NAME}:once:*"},
				Commands: "del eval evalsha get hget hlen hset incrby persist pexpire pexpireat set time unlink",
			},
		},
		Optional: Where{
			All: Rules{Commands: "hdel"},
		},
	},
	{
		Type: "IDs", Name: "taker",
		Does: "Next, Numbers",
		Where: Where{
			All: Rules{Keys: []string{"NAME"}, Commands: "eval evalsha get incrby"},
		},
	},
	{
		Type: "Bounded", Name: "reader",
		Does: "Value, Exists, TTL",
		Where: Where{
			All: Rules{Keys: []string{"%R~NAME"}, Commands: "exists get pttl"},
		},
	},
	{
		Type: "Bounded", Name: "writer",
		Does: "all methods that write",
		Where: Where{
			All: Rules{
				Keys:     []string{"NAME"},
				Commands: "eval evalsha get incrby persist pexpire pexpireat set unlink",
			},
		},
	},
	{
		Type: "Window", Name: "reader",
		Does: "Count, Exists",
		Where: Where{
			All: Rules{Keys: []string{"NAME"}, Commands: "eval evalsha exists hgetall time"},
		},
	},
	{
		Type: "Window", Name: "writer",
		Does: "Add, Allow, Clear",
		Where: Where{
			All: Rules{Keys: []string{"NAME"}, Commands: "eval evalsha hdel hgetall hincrby pexpire time unlink"},
		},
	},
	{
		Type: "Sharded", Name: "reader",
		Does: "Value, Exists",
		Where: Where{
			All: Rules{Keys: []string{"%R~NAME", "%R~NAME:shard:*"}, Commands: "exists get"},
		},
	},
	{
		Type: "Sharded", Name: "writer",
		Does: "Add, Clear",
		Where: Where{
			All: Rules{Keys: []string{"NAME", "NAME:shard:*"}, Commands: "eval evalsha incrby unlink"},
		},
	},
	{
		Type: "Chan", Name: "sender",
		Does: "Send, TrySend, SendMany, Len, Exists, Close, Reopen, Clear",
		Where: Where{
			All: Rules{
				Keys:     []string{"NAME", "{NAME}:*"},
				Commands: "eval evalsha exists llen lpop pexpire rpush set unlink",
			},
			Alone:   Rules{Commands: "blpop"},
			Cluster: Rules{Channels: []string{"{NAME}:room:wake", "{NAME}:wake"}, Commands: "spublish"},
		},
		Optional: Where{
			Cluster: Rules{Commands: "ssubscribe sunsubscribe"},
		},
	},
	{
		Type: "Chan", Name: "receiver",
		Does: "Recv, TryRecv, RecvMany, All, Len, Exists",
		Where: Where{
			All:     Rules{Keys: []string{"NAME", "{NAME}:*"}, Commands: "eval evalsha exists llen lpop lpush pexpire rpush"},
			Alone:   Rules{Commands: "blpop"},
			Cluster: Rules{Channels: []string{"{NAME}:room:wake", "{NAME}:wake"}, Commands: "spublish"},
		},
		Optional: Where{
			Cluster: Rules{Commands: "ssubscribe sunsubscribe"},
		},
	},
	{
		Type: "PriorityQueue", Name: "sender",
		Does: "Push, Len, Exists, Clear",
		Where: Where{
			All: Rules{
				Keys:     []string{"NAME", "{NAME}:wake"},
				Commands: "eval evalsha exists time unlink zadd zcard zrevrangebyscore",
			},
			Alone:   Rules{Commands: "llen pexpire rpush"},
			Cluster: Rules{Channels: []string{"{NAME}:wake"}, Commands: "spublish"},
		},
	},
	{
		Type: "PriorityQueue", Name: "receiver",
		Does: "TryPop, Pop, Len, Exists",
		Where: Where{
			All:     Rules{Keys: []string{"NAME", "{NAME}:wake"}, Commands: "eval evalsha exists zadd zcard zpopmin"},
			Alone:   Rules{Keys: []string{"{NAME}:poke:*"}, Commands: "blpop llen pexpire rpush"},
			Cluster: Rules{Channels: []string{"{NAME}:wake"}, Commands: "spublish"},
		},
		Optional: Where{
			Cluster: Rules{Commands: "ssubscribe sunsubscribe"},
		},
	},
	{
		Type: "Mailbox", Name: "sender",
		Does: "Send to this address",
		Where: Where{
			All: Rules{
				Keys:     []string{"NAME", "{NAME}:news", "{NAME}:wake"},
				Commands: "eval evalsha llen rpush time",
			},
			Alone:   Rules{Commands: "pexpire"},
			Cluster: Rules{Channels: []string{"{NAME}:wake"}, Commands: "spublish"},
		},
		Optional: Where{
			All:   Rules{Channels: []string{"{NAME}:news"}},
			Alone: Rules{Commands: "publish"},
		},
	},
	{
		Type: "Mailbox", Name: "receiver",
		Does: "Recv, TryRecv, Receive, All, Len, Exists, Clear",
		Where: Where{
			All: Rules{
				Keys:     []string{"NAME", "{NAME}:*"},
				Commands: "eval evalsha exists lindex llen lpop lpos lpush lrange lrem rpop rpush unlink",
			},
			Alone:   Rules{Commands: "blpop pexpire"},
			Cluster: Rules{Channels: []string{"{NAME}:wake"}, Commands: "spublish"},
		},
		Optional: Where{
			All:     Rules{Channels: []string{"{NAME}:news"}},
			Alone:   Rules{Channels: []string{"{NAME}:news:desir-probe:*"}, Commands: "publish subscribe unsubscribe"},
			Cluster: Rules{Commands: "ssubscribe sunsubscribe"},
		},
	},
	{
		Type: "Mailbox", Name: "asker",
		Does: "Ask, from this address; the other address needs the sender's rights",
		Where: Where{
			All: Rules{
				Keys:     []string{"{NAME}:reply:*"},
				Commands: "eval evalsha llen lpop rpush time unlink",
			},
			Alone:   Rules{Keys: []string{"{NAME}:poke:*"}, Commands: "blpop pexpire"},
			Cluster: Rules{Commands: "spublish"},
		},
		Optional: Where{
			Alone:   Rules{Commands: "publish"},
			Cluster: Rules{Channels: []string{"{NAME}:reply:*:wake"}, Commands: "ssubscribe sunsubscribe"},
		},
	},
	{
		Type: "Mailbox", Name: "replier",
		Does: "Letter.Reply, to letters that were sent by Ask from this address",
		Where: Where{
			All: Rules{
				Keys:     []string{"{NAME}:reply:*"},
				Commands: "eval evalsha exists llen lpop pexpire rpush time",
			},
			Cluster: Rules{Channels: []string{"{NAME}:reply:*:wake"}, Commands: "spublish"},
		},
		Optional: Where{
			All:   Rules{Channels: []string{"{NAME}:reply:*:news"}},
			Alone: Rules{Commands: "publish"},
		},
	},
	{
		Type: "lock", Name: "holder",
		Does: "all methods of the Mutex, RWMutex, Semaphore and Leader NAME",
		Where: Where{
			All: Rules{
				Keys: []string{"{NAME}:*"},
				Commands: "eval evalsha get hdel hget hset pexpire pttl set time zadd zcard zrange zrangebyscore " +
					"zrem zscore",
			},
			Alone:   Rules{Commands: "blpop llen rpush"},
			Cluster: Rules{Channels: []string{"{NAME}:*:large", "{NAME}:*:wake"}, Commands: "spublish"},
		},
		Optional: Where{
			Cluster: Rules{Commands: "ssubscribe sunsubscribe"},
		},
	},
	{
		Type: "Topic", Name: "publisher",
		Does: "Publish",
		Where: Where{
			All: Rules{Channels: []string{"NAME"}, Commands: "publish"},
		},
	},
	{
		Type: "Topic", Name: "subscriber",
		Does: "Subscribe",
		Where: Where{
			All: Rules{Channels: []string{"NAME"}, Commands: "subscribe"},
		},
		Optional: Where{
			All: Rules{Channels: []string{"{NAME}:desir-probe:*"}, Commands: "publish unsubscribe"},
		},
	},
	{
		Type: "Topic", Name: "numbered-publisher",
		Does: "Publish, with Numbered",
		Where: Where{
			All: Rules{
				Keys:     []string{"{NAME}:seq"},
				Channels: []string{"NAME"},
				Commands: "eval evalsha hget hincrby hset pexpire publish time",
			},
		},
	},
	{
		Type: "Topic", Name: "numbered-subscriber",
		Does: "Subscribe, with Numbered",
		Where: Where{
			All: Rules{Channels: []string{"NAME"}, Commands: "subscribe"},
		},
		Optional: Where{
			All: Rules{
				Keys:     []string{"{NAME}:seq"},
				Channels: []string{"{NAME}:desir-probe:*"},
				Commands: "eval evalsha hget hincrby hset info pexpire publish time unsubscribe",
			},
		},
	},
	{
		Type: "Topic", Name: "sharded-publisher",
		Does: "Publish, with Sharded",
		Where: Where{
			All: Rules{Channels: []string{"NAME"}, Commands: "spublish"},
		},
	},
	{
		Type: "Topic", Name: "sharded-subscriber",
		Does: "Subscribe, with Sharded",
		Where: Where{
			All: Rules{Channels: []string{"NAME"}, Commands: "ssubscribe"},
		},
		Optional: Where{
			All: Rules{Channels: []string{"{NAME}:desir-probe:*"}, Commands: "spublish sunsubscribe"},
		},
	},
	{
		Type: "Pattern", Name: "subscriber",
		Does: "Subscribe; NAME is the pattern",
		Where: Where{
			All: Rules{Channels: []string{"PATTERN"}, Commands: "psubscribe"},
		},
		Optional: Where{
			All: Rules{
				Channels: []string{"{desir}:desir-probe:*"},
				Commands: "publish punsubscribe subscribe unsubscribe",
			},
		},
	},
	{
		Type: "rpc", Name: "caller",
		Does: "all methods of a client",
		Where: Where{
			All: Rules{
				Keys:     []string{"NAME", "desir:inbox:*", "{NAME}:about", "{NAME}:alive", "{NAME}:ended", "{NAME}:workers"},
				Commands: "eval evalsha get hget llen lrem pexpire rpush time xadd xread zcount zrangebyscore",
			},
		},
		Optional: Where{
			All:     Rules{Channels: []string{"{NAME}:cancel"}, Commands: "lpos xdel"},
			Alone:   Rules{Commands: "publish"},
			Cluster: Rules{Commands: "spublish"},
		},
	},
	{
		Type: "rpc", Name: "worker",
		Does: "Server.Run",
		Where: Where{
			All: Rules{
				Keys: []string{
					"NAME", "desir:inbox:*", "{NAME}:about", "{NAME}:alive", "{NAME}:ended", "{NAME}:poke:*",
					"{NAME}:workers",
				},
				Channels: []string{"{NAME}:cancel"},
				Commands: "blmpop del eval evalsha hdel hset pexpire rpush set time xadd zadd zcount zrangebyscore zrem " +
					"zremrangebyscore zscore",
			},
			Alone:   Rules{Commands: "subscribe"},
			Cluster: Rules{Commands: "ssubscribe"},
		},
		Optional: Where{
			All:     Rules{Commands: "unlink"},
			Alone:   Rules{Channels: []string{"{NAME}:cancel:desir-probe:*"}, Commands: "publish unsubscribe"},
			Cluster: Rules{Commands: "sunsubscribe"},
		},
	},
}
