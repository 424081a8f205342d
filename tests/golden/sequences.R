# Golden values for the comparison of sequences: naive, landmark, time-dependent, weighted, cloned; state
# occupation and cumulative incidence; ratio of two times to progression; E-values.
# Run in this folder: Rscript sequences.R
# Writes sequences_data.csv (simulated here, days), sequences.csv (one value a row, 15 significant digits,
# empty = NA; the parts of a quantity are separated by |) and sequences.sessionInfo.txt.
# survival does the models, curves and Aalen-Johansen estimates; intervals of follow-up, weights, clones and
# E-values (VanderWeele and Ding 2017) are made by hand here.
library(survival)
options(digits = 15, stringsAsFactors = FALSE)
TIGHT <- coxph.control(eps = 1e-11, iter.max = 100)
out <- new.env(); out$rows <- list()
add <- function(id, ..., value) {
  value <- as.numeric(value); stopifnot(length(value) == 1)
  text <- if (is.na(value)) "" else sprintf("%.15g", value)
  out$rows[[length(out$rows) + 1]] <- data.frame(id = id, quantity = paste(..., sep = "|"), value = text)
}

# ---- data ---------------------------------------------------------------------------------------------
set.seed(20); n <- 240
d <- data.frame(id = seq_len(n), ps = sample(0:2, n, TRUE, c(.4, .45, .15)), liver = rbinom(n, 1, .5))
d$age <- round(rnorm(n, 55, 10))
d$arm <- ifelse(runif(n) < plogis(-.4 + .5 * d$ps - .4 * d$liver), "B", "A")
risk <- exp(.3 * d$ps + .3 * d$liver)
prog <- ceiling(rweibull(n, 1.2, ifelse(d$arm == "A", 380, 220)) / risk)
wait <- ceiling(rexp(n, 1 / 30))
second <- ifelse(runif(n) < plogis(.6 - .5 * d$ps), prog + wait, NA)
other <- ifelse(is.na(second) & runif(n) < .5, prog + ceiling(rexp(n, 1 / 40)), NA)
prog2 <- second + ceiling(rexp(n, 1 / 150))
death <- ceiling(rweibull(n, 1.5, 900) / risk)
end <- ceiling(runif(n, 300, 1400))
d$time <- pmin(death, end); d$event <- as.integer(death <= end)
before <- function(x) ifelse(!is.na(x) & x < d$time, x, NA)
d$prog <- before(prog); d$second <- before(ifelse(is.na(d$prog), NA, second)); d$other <- before(ifelse(is.na(d$prog), NA, other))
d$prog2 <- before(ifelse(is.na(d$second), NA, prog2))
write.csv(d, "sequences_data.csv", row.names = FALSE, quote = FALSE, na = "")
d <- read.csv("sequences_data.csv")
d$b <- as.integer(d$arm == "B")
d$ps <- factor(d$ps); d$liver <- factor(d$liver)

# ---- Cox models -----------------------------------------------------------------------------------------
rr <- function(h) (1 - 0.5^sqrt(h)) / (1 - 0.5^sqrt(1 / h))
ev <- function(r) { r <- ifelse(r < 1, 1 / r, r); r + sqrt(r * (r - 1)) }
cx <- function(id, f, v) {
  i <- match(v, names(coef(f))); ci <- confint(f)[v, ]
  add(id, "hazard_ratio", value = exp(coef(f)[i])); add(id, "conf_low", value = exp(ci[1])); add(id, "conf_high", value = exp(ci[2]))
  add(id, "p_value", value = summary(f)$coefficients[i, "Pr(>|z|)"])
  r <- rr(exp(c(coef(f)[i], ci))); add(id, "e_value", value = ev(r[1]))
  add(id, "e_value_limit", value = if (r[2] <= 1 && r[3] >= 1) 1 else if (r[2] > 1) ev(r[2]) else ev(r[3]))
}
cox <- function(...) { call <- match.call(); call[[1]] <- quote(coxph); call$control <- TIGHT; eval(call, parent.frame()) }
split <- function(d) { # follow-up before and after the second drug
  one <- d; one$t0 <- 0; one$t1 <- ifelse(is.na(d$second), d$time, d$second)
  one$died <- ifelse(is.na(d$second), d$event, 0); one$on <- 0
  two <- d[!is.na(d$second), ]; two$t0 <- two$second; two$t1 <- two$time; two$died <- two$event; two$on <- 1
  r <- rbind(one, two); r[r$t1 > r$t0, ]
}
both <- d[!is.na(d$second), ]
cx("order|naive_both", cox(Surv(time, event) ~ b, both), "b")
cx("order|both_from_second", cox(Surv(time - second, event) ~ b + ps + liver + age, both), "b")
cx("order|both_delayed_entry", cox(Surv(second, time, event) ~ b + ps + liver + age, both), "b")
for (L in c(365, 500)) {
  land <- both[both$time > L & both$second <= L, ]
  cx(paste0("order|landmark_", L), cox(Surv(time - L, event) ~ b + ps + liver + age, land), "b")
}
s <- split(d); s$after <- s$b * s$on; s$earlier <- s$b * (1 - s$on)
cx("order|time_dependent", cox(Surv(t0, t1, died) ~ after + on + earlier + ps + liver + age, s), "after")
cx("order|intention_crude", cox(Surv(time, event) ~ b, d), "b")
cx("order|intention_adjusted", cox(Surv(time, event) ~ b + ps + liver + age, d), "b")
logit <- function(formula, data) fitted(glm(formula, binomial, data, control = glm.control(1e-14, 100)))
score <- logit(b ~ ps + liver + age, d)
d$w <- ifelse(d$b == 1, mean(d$b) / score, mean(1 - d$b) / (1 - score))
cx("order|intention_iptw", cox(Surv(time, event) ~ b, d, weights = w, robust = TRUE), "b")
points <- function(id, f, times) {
  s <- summary(f, times = times)
  for (i in seq_along(times)) {
    add(id, "survival", times[i], value = s$surv[i]); add(id, "conf_low", times[i], value = s$lower[i])
    add(id, "conf_high", times[i], value = s$upper[i])
  }
}
for (a in c("A", "B")) points(paste0("curve|iptw|", a), survfit(Surv(time, event) ~ 1, d[d$arm == a, ], weights = w, robust = TRUE, conf.type = "log-log"), c(200, 400, 800))
q <- function(id, x) { add(id, "score_min", value = min(x)); add(id, "score_median", value = median(x)); add(id, "score_max", value = max(x))
  add(id, "below", value = mean(x < .25)); add(id, "above", value = mean(x > .6))
  low <- max(min(score[d$b == 0]), min(score[d$b == 1])); high <- min(max(score[d$b == 0]), max(score[d$b == 1]))
  add(id, "common_range", value = mean(x >= low & x <= high)) }
q("positivity|All patients", score); q("positivity|A", score[d$b == 0]); q("positivity|B", score[d$b == 1])
add("positivity|All patients", "c_statistic", value = concordance(d$b ~ score)$concordance)

# the sequence kept to: censored 60 days after progression unless the other drug has begun
GRACE <- 60
d$decision <- d$prog + GRACE; d$asked <- !is.na(d$decision) & d$decision < d$time
d$stays <- d$asked & !is.na(d$second) & d$second <= d$decision
d$later <- 1
for (g in 0:1) { k <- d$asked & d$b == g; d$later[k] <- mean(d$stays[k]) / logit(stays ~ ps + liver + age, d[k, ]) }
one <- d; one$t0 <- 0; one$t1 <- ifelse(d$asked, d$decision, d$time); one$died <- ifelse(d$asked, 0, d$event); one$wt <- d$w
two <- d[d$stays, ]; two$t0 <- two$decision; two$t1 <- two$time; two$died <- two$event; two$wt <- two$w * two$later
kept <- rbind(one, two)
cx("order|per_protocol", cox(Surv(t0, t1, died) ~ b, kept, weights = wt, cluster = id), "b")
for (g in 0:1) points(paste0("curve|per_protocol|", g), survfit(Surv(t0, t1, died) ~ 1, kept[kept$b == g, ], weights = wt, cluster = id, robust = TRUE, conf.type = "log-log"), c(200, 400, 800))

# ---- a second drug or none, from progression ------------------------------------------------------------
p <- d[!is.na(d$prog) & d$prog < d$time, ]; p$first <- p$prog
p$time <- p$time - p$prog; p$second <- p$second - p$prog
p$ever <- as.integer(!is.na(p$second))
cx("second|naive_ever", cox(Surv(time, event) ~ ever, p), "ever")
for (L in c(60, 120)) {
  land <- p[p$time > L, ]; land$early <- as.integer(!is.na(land$second) & land$second <= L)
  cx(paste0("second|landmark_", L), cox(Surv(time - L, event) ~ early + ps + liver + age + first, land), "early")
}
s <- split(p)
cx("second|time_dependent", cox(Surv(t0, t1, died) ~ on + ps + liver + age + first, s), "on")
# clones: "start" is censored at the end of the grace period, "never" at the start of the drug
start <- p; reached <- p$time > GRACE; timely <- !is.na(p$second) & p$second <= GRACE
start$later <- 1
start$later[reached] <- mean(timely[reached]) / logit(timely ~ ps + liver + age + first, data.frame(p, timely)[reached, ])
one <- start; one$t0 <- 0; one$t1 <- pmin(p$time, GRACE); one$died <- ifelse(reached, 0, p$event); one$wt <- 1
two <- start[reached & timely, ]; two$t0 <- GRACE; two$t1 <- two$time; two$died <- two$event; two$wt <- two$later
start <- rbind(one, two); start$strategy <- 1
p$until <- ifelse(is.na(p$second), p$time, p$second)
f <- coxph(Surv(until, ever) ~ ps + liver + age + first, p, ties = "breslow", control = TIGHT)
relative <- exp(predict(f, type = "lp", reference = "zero"))
at <- sort(unique(p$until[p$ever == 1]))
jump <- sapply(at, function(t) sum(p$until == t & p$ever == 1) / sum(relative[p$until >= t]))
plain <- sapply(at, function(t) sum(p$until == t & p$ever == 1) / sum(p$until >= t))
stopifnot(all.equal(cumsum(jump), { h <- basehaz(f, centered = FALSE); h$hazard[match(at, h$time)] }))
alive <- p; alive$died <- ifelse(p$ever == 1, 0, p$event)
never <- survSplit(Surv(until, died) ~ ., alive, cut = at, start = "t0", end = "t1", event = "died")
name <- match(never$id, p$id)
so_far <- function(h, t) sapply(t, function(x) sum(h[at <= x]))
never$wt <- exp(so_far(jump, never$t0) * relative[name] - so_far(plain, never$t0)); never$strategy <- 0
columns <- c("id", "strategy", "t0", "t1", "died", "wt")
clones <- rbind(never[columns], start[columns])
cx("second|clone_censor_weight", cox(Surv(t0, t1, died) ~ strategy, clones, weights = wt, cluster = id), "strategy")
for (g in 0:1) points(paste0("curve|clones|", g), survfit(Surv(t0, t1, died) ~ 1, clones[clones$strategy == g, ], weights = wt, cluster = id, robust = TRUE, conf.type = "log-log"), c(40, 100, 300, 600))

# ---- states -----------------------------------------------------------------------------------------------
STATES <- c("ADC1", "Progressed", "ADC2", "Progressed on ADC2", "Dead")
long <- do.call(rbind, lapply(seq_len(n), function(i) {
  x <- d[i, ]; t <- c(x$prog, x$second, x$prog2, if (x$event == 1) x$time else NA); k <- !is.na(t)
  t <- t[k]; to <- STATES[-1][k]
  if (x$event == 0) { t <- c(t, x$time); to <- c(to, "censored") }
  data.frame(id = x$id, arm = x$arm, t0 = c(0, t[-length(t)]), t1 = t, to = to, from = c("ADC1", to[-length(to)]))
}))
long <- long[long$t1 > long$t0, ]
long$to <- factor(long$to, c("censored", STATES[-1])); long$from <- factor(long$from, STATES)
for (g in c("All patients", "A", "B")) for (type in c("log-log", "log", "plain")) {
  f <- survfit(Surv(t0, t1, to) ~ 1, if (g == "All patients") long else long[long$arm == g, ], id = id, istate = from, conf.type = type)
  s <- summary(f, times = c(100, 365, 730))
  for (i in 1:3) for (j in seq_along(f$states)) {
    q <- c(f$states[j], s$time[i]); id <- paste0("occupation|", g, "|", type)
    add(id, "probability", q[1], q[2], value = s$pstate[i, j]); add(id, "conf_low", q[1], q[2], value = s$lower[i, j])
    add(id, "conf_high", q[1], q[2], value = s$upper[i, j])
  }
}
d$next_time <- pmin(d$second, d$other, d$time, na.rm = TRUE)
d$cause <- factor(ifelse(!is.na(d$second) & d$second == d$next_time, "second ADC", ifelse(!is.na(d$other) & d$other == d$next_time, "other therapy",
  ifelse(d$event == 1, "death", "censored"))), c("censored", "second ADC", "other therapy", "death"))
f <- survfit(Surv(next_time, cause) ~ 1, d, conf.type = "log-log"); s <- summary(f, times = c(200, 500))
for (i in 1:2) for (j in 2:4) {
  add("incidence", f$states[j], s$time[i], "value", value = s$pstate[i, j]); add("incidence", f$states[j], s$time[i], "conf_low", value = s$lower[i, j])
  add("incidence", f$states[j], s$time[i], "conf_high", value = s$upper[i, j])
}

# ---- ratio of the second over the first time to progression -----------------------------------------------
r <- d[!is.na(d$second), ]; r$t1 <- r$prog; r$t2 <- ifelse(is.na(r$prog2), r$time, r$prog2) - r$second
r$seen <- as.integer(!is.na(r$prog2) | r$event == 1); r$ratio <- r$t2 / r$t1
f <- survfit(Surv(ratio, seen) ~ 1, r, conf.type = "log-log"); k <- max(which(f$time < 1.3))
add("ratio", "kaplan_meier", "value", value = f$surv[k]); add("ratio", "kaplan_meier", "conf_low", value = f$lower[k]); add("ratio", "kaplan_meier", "conf_high", value = f$upper[k])
m <- quantile(f, .5); add("ratio", "median", "value", value = m$quantile); add("ratio", "median", "conf_low", value = m$lower); add("ratio", "median", "conf_high", value = m$upper)
for (how in c("lowest", "highest")) {
  yes <- sum(r$ratio >= 1.3 | (how == "highest" & r$seen == 0)); b <- binom.test(yes, nrow(r))
  add("ratio", how, "value", value = b$estimate); add("ratio", how, "conf_low", value = b$conf.int[1]); add("ratio", how, "conf_high", value = b$conf.int[2])
}
weighted <- function(r) { # survfit puts events before censorings at one time only when both are events: shift the censorings
  g <- survfit(Surv(t2 + (1 - seen) * 1e-4, 1 - seen) ~ 1, r); G <- function(t) sapply(t, function(x) c(1, g$surv)[1 + sum(g$time < x)])
  above <- r$t2 >= 1.3 * r$t1; known <- above | r$seen == 1
  w <- ifelse(known, 1 / G(ifelse(above, 1.3 * r$t1, r$t2)), 0); sum(w[above]) / sum(w)
}
v <- weighted(r); each <- sapply(seq_len(nrow(r)), function(i) weighted(r[-i, ])); m <- nrow(r)
e <- sqrt((m - 1) / m * sum((each - mean(each))^2)) / (v * (1 - v))
add("ratio", "weighted", "value", value = v)
add("ratio", "weighted", "conf_low", value = plogis(qlogis(v) - qnorm(.975) * e)); add("ratio", "weighted", "conf_high", value = plogis(qlogis(v) + qnorm(.975) * e))
pair <- rbind(data.frame(id = r$id, t = r$t1, e = 1, k = 0), data.frame(id = r$id, t = r$t2, e = r$seen, k = 1))
f <- coxph(Surv(t, e) ~ k + strata(id), pair, control = TIGHT); ci <- exp(confint(f))
add("ratio", "hazard_ratio", "value", value = exp(coef(f))); add("ratio", "hazard_ratio", "conf_low", value = ci[1]); add("ratio", "hazard_ratio", "conf_high", value = ci[2])
add("ratio", "p_value", "value", value = summary(f)$coefficients[, "Pr(>|z|)"])
longer <- sum(r$t2 > r$t1); shorter <- sum(r$t2 < r$t1 & r$seen == 1)
add("ratio", "longer", "value", value = longer); add("ratio", "shorter", "value", value = shorter)
add("ratio", "p_sign", "value", value = binom.test(longer, longer + shorter)$p.value)

# ---- E-values ---------------------------------------------------------------------------------------------
for (h in c(0.3, 0.56, 0.95, 1, 1.7, 4)) { add("evalue", "common", h, value = ev(rr(h))); add("evalue", "rare", h, value = ev(h)) }

write.csv(do.call(rbind, out$rows), "sequences.csv", row.names = FALSE, quote = FALSE)
info <- capture.output(sessionInfo())
writeLines(info[!grepl("^(BLAS|LAPACK|<environment)", info)], "sequences.sessionInfo.txt")
